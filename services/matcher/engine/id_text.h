// The text of an id, within its record: ids are short, and who has a record at hand has its id at
// hand, too. Longer ones lie elsewhere.
//
// A value; not thread-safe.
//
//   IdText id;  id.Assign("t-4f2a"); std::string_view view = id;
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace muster::engine {

class IdText {
 public:
  void Assign(std::string_view id) {
    if (id.size() <= text_.size()) {
      size_ = static_cast<std::uint8_t>(id.size());
      std::copy(id.begin(), id.end(), text_.begin());
    } else {
      size_ = kLong;
      long_ = std::make_unique<std::string>(id);
    }
  }
  void Clear() { size_ = 0; }

  bool empty() const { return size_ == 0; }
  std::string_view view() const {
    return size_ == kLong ? std::string_view(*long_) : std::string_view(text_.data(), size_);
  }
  std::string str() const { return std::string(view()); }
  explicit(false) operator std::string_view() const { return view(); }

  friend bool operator==(const IdText& a, std::string_view b) { return a.view() == b; }
  friend bool operator<(const IdText& a, const IdText& b) { return a.view() < b.view(); }

 private:
  static constexpr std::uint8_t kLong = 255;

  std::uint8_t size_ = 0;
  std::array<char, 39> text_{};  // holds the ids that Muster makes, and most of others'
  std::unique_ptr<std::string> long_;
};

}  // namespace muster::engine
