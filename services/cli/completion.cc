// muster completion bash | zsh | fish: a script that asks `muster __complete WORDS…` for what may
// come next; so the command tree itself is the only list of commands.
#include <memory>

#include "services/cli/commands.h"
#include "services/cli/flags.h"
#include "services/cli/output.h"

namespace muster::cli {
namespace {

constexpr char kBash[] = R"sh(# muster: source <(muster completion bash)
_muster() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -W "$(muster __complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _muster muster
)sh";

constexpr char kZsh[] = R"sh(#compdef muster
# muster: source <(muster completion zsh)
_muster() {
  local -a choices
  choices=("${(@f)$(muster __complete -- "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
  compadd -a choices
}
compdef _muster muster
)sh";

constexpr char kFish[] = R"sh(# muster: muster completion fish | source
complete -c muster -f -a '(set -l words (commandline -opc); muster __complete -- $words[2..-1] 2>/dev/null)'
)sh";

// Follows the words down the command tree; words that are no subcommand (flags, values) are
// skipped.
const CLI::App* Descend(const CLI::App* app, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; })) {
      if (sub->get_name() == word) {
        app = sub;
        break;
      }
    }
  }
  return app;
}

void PrintChoices(const CLI::App* root, const std::vector<std::string>& words) {
  const CLI::App* at = Descend(root, words);
  std::string out;
  for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) out += sub->get_name() + "\n";
  }
  for (const CLI::App* level = at; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) out += "--" + name + "\n";
    }
  }
  Print(out);
}

}  // namespace

void AddCompletionCommands(CLI::App& app, Context& context) {
  CLI::App* noun = AddNoun(app, "completion", "A script for your shell that completes commands");
  const std::pair<const char*, const char*> shells[] = {
      {"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}};
  for (const auto& [shell, script] : shells) {
    noun->add_subcommand(shell, std::string("For ") + shell)
        ->callback([&context, text = std::string(script)] {
          context.Run([text] {
            Print(text);
            return absl::OkStatus();
          });
        });
  }

  CLI::App* complete = app.add_subcommand("__complete", "What may follow these words");
  complete->group("");  // hidden
  auto words = std::make_shared<std::vector<std::string>>();
  complete->add_option("WORDS", *words, "after --");
  complete->callback([words, root = &app, &context] {
    context.Run([words, root] {
      PrintChoices(root, *words);
      return absl::OkStatus();
    });
  });
}

}  // namespace muster::cli
