#include "services/matcher/tape/event_codec.h"

#include <array>
#include <utility>
#include <variant>

namespace muster::tape {
namespace {

template <class Variant>
inline constexpr std::size_t kAlternatives = std::variant_size_v<Variant>;

// Every kind has a number, and no two the same.
template <class Variant, template <class> class Number, std::size_t... I>
constexpr bool AllNumbered(std::index_sequence<I...>) {
  const std::array<std::uint8_t, sizeof...(I)> numbers = {
      Number<std::variant_alternative_t<I, Variant>>::value...};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == 0) return false;
    for (std::size_t j = 0; j < i; ++j) {
      if (numbers[i] == numbers[j]) return false;
    }
  }
  return true;
}
template <class E>
struct EventNumber {
  static constexpr std::uint8_t value = kEventKind<E>;
};
template <class E>
struct EffectNumber {
  static constexpr std::uint8_t value = kEffectKind<E>;
};
static_assert(AllNumbered<engine::Event, EventNumber>(
    std::make_index_sequence<kAlternatives<engine::Event>>()));
static_assert(AllNumbered<engine::Effect, EffectNumber>(
    std::make_index_sequence<kAlternatives<engine::Effect>>()));

// Reads the event whose number is `kind`; false if there is none.
template <std::size_t... I>
bool TakeEvent(std::uint8_t kind, FieldReader& in, engine::Event* out, std::index_sequence<I...>) {
  const auto take_if = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
    using Kind = std::variant_alternative_t<N, engine::Event>;
    if (kEventKind<Kind> != kind) return false;
    Fields(in, out->emplace<Kind>());
    return true;
  };
  return (take_if(std::integral_constant<std::size_t, I>()) || ...);
}

template <std::size_t... I>
std::string_view NameOf(char kind, std::index_sequence<I...>) {
  std::string_view name = "unknown";
  const auto name_if = [&]<class E>(const E*) {
    if (static_cast<char>(kEffectKind<E>) == kind) name = kEffectName<E>;
  };
  (name_if(static_cast<const std::variant_alternative_t<I, engine::Effect>*>(nullptr)), ...);
  return name;
}

}  // namespace

std::string KindsText(const EffectsMark& mark) {
  std::string text;
  for (const char kind : mark.kinds) {
    if (!text.empty()) text += ' ';
    text += NameOf(kind, std::make_index_sequence<kAlternatives<engine::Effect>>());
  }
  return text.empty() ? "nothing" : text;
}

void MarkOf(const engine::Effects& effects, EffectsMark* mark, std::string* scratch) {
  mark->kinds.clear();
  scratch->clear();
  FieldWriter out(nullptr, absl::UnixEpoch(), scratch);
  for (const engine::Effect& effect : effects) {
    std::visit(
        [&]<class E>(const E& e) {
          mark->kinds.push_back(static_cast<char>(kEffectKind<E>));
          PutByte(kEffectKind<E>, scratch);
          Fields(out, e);
        },
        effect);
  }
  mark->hash = Hash(*scratch);
}

bool EventWriter::Append(const engine::Event& event, absl::Time now, const engine::Effects& effects,
                         std::string* out) {
  std::visit([&]<class E>(const E&) { PutByte(kEventKind<E>, out); }, event);
  FieldWriter time(nullptr, last_, out);
  time(now);
  last_ = now;
  FieldWriter fields(&words_, now, out);
  std::visit([&](const auto& e) { Fields(fields, e); }, event);
  MarkOf(effects, &mark_, &scratch_);
  PutNumber(mark_.kinds.size(), out);
  out->append(mark_.kinds);
  if (!mark_.kinds.empty()) PutFixed64(mark_.hash, out);
  return fields.ok();
}

absl::StatusOr<TapedEvent> EventReader::Next(ByteSource* in) {
  TapedEvent taped;
  const std::uint8_t kind = in->Byte();
  FieldReader time(&words_, last_, in);
  time(taped.now);
  last_ = taped.now;
  FieldReader fields(&words_, taped.now, in);
  const bool known = TakeEvent(kind, fields, &taped.event,
                               std::make_index_sequence<kAlternatives<engine::Event>>());
  if (!known) return absl::DataLossError("not an event that this version knows");
  taped.effects.kinds = in->Bytes(in->Number());
  taped.effects.hash = taped.effects.kinds.empty() ? kHashSeed : in->Fixed64();
  if (!in->ok()) return absl::DataLossError("an event is cut off or malformed");
  return taped;
}

}  // namespace muster::tape
