// A number that stands for a request's method and body, for the request log.
//
//   RequestKey key{request.request_id(), Fingerprint(request)};
#pragma once

#include <cstdint>

namespace google::protobuf {
class Message;
}

namespace muster {

// FNV-1a over the message's full type name and its deterministic serialization. Equal messages
// have equal fingerprints within one version of the protos; it detects mistakes, not attacks.
int64_t Fingerprint(const google::protobuf::Message& request);

}  // namespace muster
