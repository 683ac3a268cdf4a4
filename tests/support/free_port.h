// Ports for servers under test.
//
// A server that can should listen on port 0 and say which it got; this is for programs that need
// to be told. Another process could take the port in between: try again when that happens.
#pragma once

namespace muster {

// A TCP port that was free on 127.0.0.1 a moment ago, and that this process has not handed out yet.
int FreePort();

}  // namespace muster
