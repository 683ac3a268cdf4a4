#include "services/simulation/distribution_json.h"

#include <cmath>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::simulation {
namespace {

constexpr double kMostSeconds = 30 * 86'400.0;
constexpr double kMostFactor = 1000;
constexpr double kLeastSpread = 1e-3;
constexpr double kMostSpread = 100;

class Reader {
 public:
  Reader(Quantity quantity, const FileReader& read_file)
      : quantity_(quantity), read_file_(read_file) {}

  std::optional<Distribution> Read(JsonObject& object) {
    std::optional<Distribution> made;
    int kinds = 0;
    const auto kind = [&](const char* name, auto read) {
      if (!object.Object(name, [&](JsonObject& o) { made = (this->*read)(o); })) return;
      ++kinds;
    };
    kind("constant", &Reader::Constant);
    kind("exponential", &Reader::Exponential);
    kind("lognormal", &Reader::Lognormal);
    kind("gamma", &Reader::Gamma);
    kind("empirical", &Reader::Empirical);
    if (kinds != 1) {
      object.problems()->Add(object.path(),
                             "not one of constant, exponential, lognormal, gamma, empirical");
    }
    return made;
  }

 private:
  // A value above zero, unless `zero` will do.
  std::optional<double> Value(JsonObject& o, const std::string& name, bool zero = false) {
    if (quantity_ == Quantity::kFactor) {
      double value = 0;
      if (!o.Read(name, &value, zero ? 0 : 1e-9, kMostFactor)) return std::nullopt;
      return value;
    }
    absl::Duration value;
    const absl::Duration least = zero ? absl::ZeroDuration() : absl::Microseconds(1);
    if (!o.Read(name, &value, least, absl::Seconds(kMostSeconds))) return std::nullopt;
    return absl::ToDoubleSeconds(value);
  }
  static std::optional<double> Number(JsonObject& o, const std::string& name) {
    double value = 0;
    if (!o.Read(name, &value, kLeastSpread, kMostSpread)) return std::nullopt;
    return value;
  }

  std::optional<Distribution> Constant(JsonObject& o) {
    if (!o.Require("value")) return std::nullopt;
    const auto value = Value(o, "value", true);
    if (!value) return std::nullopt;
    return Distribution::Constant(*value);
  }
  std::optional<Distribution> Exponential(JsonObject& o) {
    if (!o.Require("mean")) return std::nullopt;
    const auto mean = Value(o, "mean");
    if (!mean) return std::nullopt;
    return Distribution::Exponential(*mean);
  }
  std::optional<Distribution> Lognormal(JsonObject& o) {
    if (o.Has("median")) {
      if (!o.Require("sigma")) return std::nullopt;
      const auto median = Value(o, "median");
      const auto sigma = Number(o, "sigma");
      if (!median || !sigma) return std::nullopt;
      const double variance = *sigma * *sigma;
      return Distribution::Lognormal(*median * std::exp(variance / 2),
                                     std::sqrt(std::expm1(variance)));
    }
    if (!o.Require("mean") || !o.Require("cv")) return std::nullopt;
    const auto mean = Value(o, "mean");
    const auto cv = Number(o, "cv");
    if (!mean || !cv) return std::nullopt;
    return Distribution::Lognormal(*mean, *cv);
  }
  std::optional<Distribution> Gamma(JsonObject& o) {
    if (o.Has("shape")) {
      if (!o.Require("scale")) return std::nullopt;
      const auto shape = Number(o, "shape");
      const auto scale = Value(o, "scale");
      if (!shape || !scale) return std::nullopt;
      return Distribution::Gamma(*shape * *scale, 1 / std::sqrt(*shape));
    }
    if (!o.Require("mean") || !o.Require("cv")) return std::nullopt;
    const auto mean = Value(o, "mean");
    const auto cv = Number(o, "cv");
    if (!mean || !cv) return std::nullopt;
    return Distribution::Gamma(*mean, *cv);
  }
  std::optional<Distribution> Empirical(JsonObject& o) {
    std::vector<double> values;
    if (o.Read("values", &values, 0, kMostSeconds)) return Distribution::Empirical(values);
    std::string file;
    if (!o.Require("file") || !o.Read("file", &file)) return std::nullopt;
    const absl::StatusOr<std::string> text = read_file_(file);
    if (!text.ok()) {
      o.Wrong("file", std::string(text.status().message()));
      return std::nullopt;
    }
    std::size_t line = 0;
    for (const absl::string_view part : absl::StrSplit(*text, '\n')) {
      ++line;
      const std::string number(absl::StripAsciiWhitespace(part));
      if (number.empty()) continue;
      double value = 0;
      if (!absl::SimpleAtod(number, &value) || !(value >= 0 && value <= kMostSeconds) ||
          values.size() == kMostEmpiricalValues) {
        o.Wrong("file", absl::StrCat(file, ":", line, ": not a number within 0 and ", kMostSeconds,
                                     ", or one too many"));
        return std::nullopt;
      }
      values.push_back(value);
    }
    if (values.empty()) {
      o.Wrong("file", absl::StrCat(file, " has no numbers"));
      return std::nullopt;
    }
    return Distribution::Empirical(std::move(values));
  }

  const Quantity quantity_;
  const FileReader& read_file_;
};

}  // namespace

std::optional<Distribution> ReadDistribution(JsonObject& object, const std::string& name,
                                             Quantity quantity, const FileReader& read_file) {
  if (object.IsText(name)) {
    absl::Duration value;
    if (!object.Read(name, &value, absl::ZeroDuration(), absl::Seconds(kMostSeconds))) {
      return std::nullopt;
    }
    return Distribution::Constant(absl::ToDoubleSeconds(value));
  }
  std::optional<Distribution> made;
  Reader reader(quantity, read_file);
  object.Object(name, [&](JsonObject& o) { made = reader.Read(o); });
  return made;
}

}  // namespace muster::simulation
