// The one place that names Catch2, so that a move from Catch2 2 to 3 touches one file.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
