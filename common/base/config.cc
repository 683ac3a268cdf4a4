#include "common/base/config.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "common/base/version.h"

namespace muster {
namespace {

// Sets a flag's value from text; says what is wrong with it, or "".
using Setter = std::function<std::string(const std::string&)>;
using Getter = std::function<std::string()>;

std::string OutOfBounds(double value, const FlagOptions& options) {
  if (value >= options.min && value <= options.max) return "";
  return absl::StrCat("must be from ", options.min, " to ", options.max);
}

std::string Quoted(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "'"}}), "\"");
}

}  // namespace

std::string RedactUrl(const std::string& url) {
  size_t scheme = url.find("://");
  if (scheme == std::string::npos) return absl::StrContains(url, "password=") ? "" : url;
  size_t at = url.find('@', scheme + 3);
  size_t colon = url.find(':', scheme + 3);
  if (at == std::string::npos || colon == std::string::npos || colon > at) return url;
  return absl::StrCat(url.substr(0, colon), url.substr(at));
}

// CLI11 lets the file go before the environment; here the environment is asked first, and the file
// fills in what neither flags nor environment have said. Hence CLI11 parses flags and reads the
// file's syntax, and the order is made here.
struct ConfigParser::Impl {
  struct Flag {
    std::string name;
    std::vector<std::string> env_names;
    CLI::Option* option = nullptr;
    Setter set;
    Getter get;
    bool secret = false;
  };

  explicit Impl(ProgramInfo program)
      : info(std::move(program)), app(info.description, info.program) {
    app.set_help_flag("-h,--help", "Print this and leave");
    app.set_version_flag("--version", absl::StrCat(info.program, " ", ToAbsl(Version())));
    app.add_option("--config", file, "Read settings from this file (key = value)")
        ->type_name("FILE")
        ->envname(absl::StrCat(info.env_prefix, "CONFIG"));
    app.add_flag("--check-config", check_only, "Print the effective settings and leave");
    app.footer(absl::StrCat("Flags go before environment variables, and those before the file."));
  }

  void Add(std::string_view name, const char* type, std::string_view help, FlagOptions options,
           Setter set, Getter get) {
    Flag& flag = flags.emplace_back();
    flag.name = std::string(name);
    flag.set = std::move(set);
    flag.get = std::move(get);
    flag.secret = options.secret;
    flag.env_names.push_back(absl::StrCat(
        info.env_prefix, absl::AsciiStrToUpper(absl::StrReplaceAll(flag.name, {{"-", "_"}}))));
    if (!options.env.empty()) flag.env_names.push_back(options.env);
    std::string shown = flag.secret ? RedactUrl(flag.get()) : flag.get();
    flag.option = app.add_option("--" + flag.name, text.emplace_back(),
                                 absl::StrCat(ToAbsl(help), " (", shown, ") [",
                                              absl::StrJoin(flag.env_names, ", "), "]"))
                      ->type_name(type)
                      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    if (std::string_view(type) == "BOOL") {
      flag.option->expected(0, 1)->default_str("true");
    }
  }

  Flag* Find(const std::string& name) {
    for (Flag& flag : flags) {
      if (flag.name == name) return &flag;
    }
    return nullptr;
  }

  std::string Set(Flag& flag, const std::string& source, const std::string& value) {
    std::string problem = flag.set(value);
    return problem.empty() ? "" : absl::StrCat(source, ": ", problem);
  }

  // The first problem, or "".
  std::string ReadFile(std::map<std::string, std::string>& values) {
    if (file.empty()) return "";
    std::ifstream stream(file);
    if (!stream) return absl::StrCat("cannot read ", file);
    for (const CLI::ConfigItem& item : app.get_config_formatter()->from_config(stream)) {
      if (item.name == "++" || item.name == "--") continue;  // CLI11's marks around sections
      if (!item.parents.empty() || Find(item.name) == nullptr) {
        return absl::StrCat(file, ": unknown key ", item.fullname());
      }
      if (item.inputs.size() != 1) return absl::StrCat(file, ": ", item.name, " wants one value");
      values[item.name] = item.inputs[0];
    }
    return "";
  }

  std::string Resolve() {
    std::map<std::string, std::string> from_file;
    if (std::string problem = ReadFile(from_file); !problem.empty()) return problem;
    for (Flag& flag : flags) {
      std::string problem = ResolveOne(flag, from_file);
      if (!problem.empty()) return problem;
    }
    for (const auto& check : checks) {
      if (absl::Status status = check(); !status.ok()) return std::string(status.message());
    }
    return "";
  }

  std::string ResolveOne(Flag& flag, const std::map<std::string, std::string>& from_file) {
    if (flag.option->count() > 0) {
      return Set(flag, "--" + flag.name, flag.option->as<std::string>());
    }
    for (const std::string& name : flag.env_names) {
      const char* value = std::getenv(name.c_str());
      if (value != nullptr && *value != '\0') return Set(flag, name, value);
    }
    auto it = from_file.find(flag.name);
    if (it != from_file.end()) return Set(flag, absl::StrCat(file, ": ", flag.name), it->second);
    return "";
  }

  ProgramInfo info;
  CLI::App app;
  std::string file;
  bool check_only = false;
  std::deque<Flag> flags;
  std::deque<std::string> text;  // what CLI11 writes into; stable addresses
  std::vector<std::function<absl::Status()>> checks;
};

ConfigParser::ConfigParser(ProgramInfo info) : impl_(std::make_unique<Impl>(std::move(info))) {}
ConfigParser::~ConfigParser() = default;

void ConfigParser::Add(std::string_view flag, std::string* value, std::string_view help,
                       FlagOptions o) {
  impl_->Add(
      flag, "TEXT", help, o,
      [value](const std::string& text) {
        *value = text;
        return std::string();
      },
      [value] { return *value; });
}

void ConfigParser::Add(std::string_view flag, int* value, std::string_view help, FlagOptions o) {
  impl_->Add(
      flag, "INT", help, o,
      [value, o](const std::string& text) -> std::string {
        if (!absl::SimpleAtoi(text, value)) return absl::StrCat("not a whole number: ", text);
        return OutOfBounds(*value, o);
      },
      [value] { return absl::StrCat(*value); });
}

void ConfigParser::Add(std::string_view flag, int64_t* value, std::string_view help,
                       FlagOptions o) {
  impl_->Add(
      flag, "INT", help, o,
      [value, o](const std::string& text) -> std::string {
        if (!absl::SimpleAtoi(text, value)) return absl::StrCat("not a whole number: ", text);
        return OutOfBounds(static_cast<double>(*value), o);
      },
      [value] { return absl::StrCat(*value); });
}

void ConfigParser::Add(std::string_view flag, double* value, std::string_view help, FlagOptions o) {
  impl_->Add(
      flag, "NUMBER", help, o,
      [value, o](const std::string& text) -> std::string {
        if (!absl::SimpleAtod(text, value)) return absl::StrCat("not a number: ", text);
        return OutOfBounds(*value, o);
      },
      [value] { return absl::StrCat(*value); });
}

void ConfigParser::Add(std::string_view flag, bool* value, std::string_view help, FlagOptions o) {
  impl_->Add(
      flag, "BOOL", help, o,
      [value](const std::string& text) -> std::string {
        // A bare --flag comes as an empty text.
        if (!absl::SimpleAtob(text.empty() ? "true" : text, value)) {
          return absl::StrCat("neither true nor false: ", text);
        }
        return "";
      },
      [value] { return std::string(*value ? "true" : "false"); });
}

void ConfigParser::Add(std::string_view flag, absl::Duration* value, std::string_view help,
                       FlagOptions o) {
  impl_->Add(
      flag, "DURATION", help, o,
      [value, o](const std::string& text) -> std::string {
        if (!absl::ParseDuration(text, value)) {
          return absl::StrCat("not a duration such as 500ms, 10s or 1m30s: ", text);
        }
        if (*value < absl::ZeroDuration()) return "must not be negative";
        return OutOfBounds(absl::ToDoubleSeconds(*value), o);
      },
      [value] { return absl::FormatDuration(*value); });
}

void ConfigParser::AddCheck(std::function<absl::Status()> check) {
  impl_->checks.push_back(std::move(check));
}

std::optional<int> ConfigParser::Parse(int argc, const char* const* argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return impl_->app.exit(error) == 0 ? 0 : 2;  // prints help, version, or what is wrong
  }
  std::string problem;
  try {
    problem = impl_->Resolve();
  } catch (const CLI::Error& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    std::cerr << impl_->info.program << ": " << problem << "\n";
    return 2;
  }
  if (!impl_->check_only) return std::nullopt;
  std::cout << Effective();
  return 0;
}

std::string ConfigParser::Effective() const {
  std::string text;
  for (const Impl::Flag& flag : impl_->flags) {
    std::string value = flag.get();
    absl::StrAppend(&text, flag.name, " = ", Quoted(flag.secret ? RedactUrl(value) : value), "\n");
  }
  return text;
}

}  // namespace muster
