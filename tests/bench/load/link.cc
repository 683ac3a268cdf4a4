#include "tests/bench/load/link.h"

#include <utility>

namespace muster::bench {

LinkClient::LinkClient(Loop& loop, const std::shared_ptr<grpc::Channel>& channel, Hear hear)
    : loop_(loop),
      hear_(std::move(hear)),
      stub_(availability::v1::AgentLink::NewStub(channel)),
      stream_(stub_->PrepareAsyncConnect(&context_, loop.queue())) {
  stream_->StartCall(Loop::Tag([this](bool ok) {
    if (!ok) {
      read_ended_ = true;
      return;
    }
    started_ = true;
    Read();
    if (!outgoing_.empty() && !writing_) Write();
  }));
}

void LinkClient::Send(availability::v1::AgentFrame frame) {
  outgoing_.push_back(std::move(frame));
  if (started_ && !writing_ && !read_ended_) Write();
}

void LinkClient::Read() {
  stream_->Read(&incoming_, Loop::Tag([this](bool ok) {
    if (!ok) {
      read_ended_ = true;
      return;
    }
    hear_(*this, incoming_);
    Read();
  }));
}

void LinkClient::Write() {
  writing_ = true;
  // gRPC may wait with what is followed by more: then many frames share a system call.
  grpc::WriteOptions options;
  if (outgoing_.size() > 1) options.set_buffer_hint();
  stream_->Write(outgoing_.front(), options, Loop::Tag([this](bool ok) {
                   writing_ = false;
                   outgoing_.pop_front();
                   if (ok && !read_ended_ && !outgoing_.empty()) Write();
                 }));
}

}  // namespace muster::bench
