// Exists to own a precompiled header: see _muster_pch in Muster.cmake.
namespace {}
