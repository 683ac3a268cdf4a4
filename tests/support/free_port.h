// Ports for servers under test.
//
// A server that can should listen on port 0 and say which it got; this is for programs that need
// to be told. The ports are drawn from below those that the kernel gives to clients, so that only
// another server could take one in between.
#pragma once

namespace muster {

// A TCP port that was free on 127.0.0.1 a moment ago, and that this process has not handed out yet.
int FreePort();

}  // namespace muster
