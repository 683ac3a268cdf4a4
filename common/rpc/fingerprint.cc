#include "common/rpc/fingerprint.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <string>

namespace muster {
namespace {

uint64_t Fnv1a(uint64_t hash, const std::string& bytes) {
  constexpr uint64_t kPrime = 0x100000001b3;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * kPrime;
  return hash;
}

}  // namespace

int64_t Fingerprint(const google::protobuf::Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);  // maps in order of their keys
    request.SerializeToCodedStream(&coded);
  }
  constexpr uint64_t kOffset = 0xcbf29ce484222325;
  return static_cast<int64_t>(Fnv1a(Fnv1a(kOffset, request.GetTypeName()), bytes));
}

}  // namespace muster
