// Writes and reads single fields; with fields.h, whole events and effects. Internal to
// services/matcher/tape.
//
// A text is written in full when it comes first, and by its number from then on; both sides keep
// the same words, and start anew together when they are full. Times are written from the event's
// own time if they are near to it.
//
// Not thread-safe. Both go on after an error, and say so at the end (ok()).
//
//   Words words;
//   FieldWriter out(&words, now, &bytes);      ByteSource source(bytes);
//   out(event.ticket);                         FieldReader in(&words, now, &source);
//                                              in(event.ticket);
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "services/matcher/tape/bytes.h"
#include "services/matcher/tape/fields.h"

namespace muster::tape {

// What an event may hold; the services' limits are far below.
inline constexpr std::size_t kMaxTextBytes = 4096;
inline constexpr std::uint64_t kMaxListItems = 4096;
inline constexpr std::size_t kMaxWords = 1 << 16;

// The texts that have come by, numbered in order.
class Words {
 public:
  // Its number; or none (and the text has one from now on).
  std::uint64_t NumberOf(std::string_view text);
  // The other way round, for reading.
  const std::string* At(std::uint64_t number) const {
    return number < list_.size() ? &list_[number] : nullptr;
  }
  void Add(std::string_view text);

  static constexpr std::uint64_t kNew = ~std::uint64_t{0};

 private:
  absl::flat_hash_map<std::string, std::uint64_t> numbers_;  // of who writes
  std::vector<std::string> list_;                            // of who reads
};

class FieldWriter {
 public:
  template <class T>
  using Of = const T;

  // Without `words` every text is written in full.
  FieldWriter(Words* words, absl::Time base, std::string* out)
      : words_(words), base_(base), out_(out) {}

  template <class... T>
  void operator()(const T&... fields) {
    (Put(fields), ...);
  }
  bool ok() const { return ok_; }

 private:
  void Put(bool value) { PutByte(value ? 1 : 0, out_); }
  void Put(std::string_view text);
  void Put(absl::Duration value) { PutDuration(value, 0); }
  void Put(const engine::Term& value) { PutDuration(value, 0); }
  void Put(absl::Time value);
  template <std::unsigned_integral T>
  void Put(const T& value) {
    PutNumber(value, out_);
  }
  template <std::signed_integral T>
  void Put(const T& value) {
    PutSigned(value, out_);
  }
  template <class T>
  void Put(const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      Put(std::string_view(value));
    } else if constexpr (std::is_enum_v<T>) {
      PutNumber(static_cast<std::uint64_t>(value), out_);
    } else if constexpr (requires { value.size(), value.begin(); }) {
      if (value.size() > kMaxListItems) ok_ = false;
      PutNumber(value.size(), out_);
      for (const auto& item : value) Put(item);
    } else {
      Fields(*this, value);
    }
  }
  void PutDuration(absl::Duration value, std::uint8_t relative);

  Words* const words_;
  const absl::Time base_;
  std::string* const out_;
  bool ok_ = true;
};

class FieldReader {
 public:
  template <class T>
  using Of = T;

  FieldReader(Words* words, absl::Time base, ByteSource* in)
      : words_(words), base_(base), in_(in) {}

  template <class... T>
  void operator()(T&... fields) {
    (Take(fields), ...);
  }

 private:
  void Take(bool& value);
  void Take(std::string& text);
  void Take(absl::Duration& value);
  void Take(absl::Time& value);
  template <std::unsigned_integral T>
  void Take(T& value) {
    const std::uint64_t number = in_->Number();
    if (number > std::numeric_limits<T>::max()) return in_->Fail();
    value = static_cast<T>(number);
  }
  template <std::signed_integral T>
  void Take(T& value) {
    const std::int64_t number = in_->Signed();
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
      return in_->Fail();
    }
    value = static_cast<T>(number);
  }
  template <class T>
  void Take(T& value) {
    if constexpr (std::is_enum_v<T>) {
      const std::uint64_t number = in_->Number();
      if (number > static_cast<std::uint64_t>(kLastOf<T>)) return in_->Fail();
      value = static_cast<T>(number);
    } else if constexpr (requires { value.push_back(value[0]); }) {
      TakeList(value);
    } else {
      Fields(*this, value);
    }
  }
  template <class List>
  void TakeList(List& list) {
    std::uint64_t count = in_->Number();
    // Each item takes a byte at least: no list is longer than what is left.
    if (count > kMaxListItems || count > in_->left()) return in_->Fail();
    for (; count > 0 && in_->ok(); --count) Take(list.emplace_back());
  }
  absl::Duration TakeDuration(std::uint8_t form);

  Words* const words_;
  const absl::Time base_;
  ByteSource* const in_;
};

}  // namespace muster::tape
