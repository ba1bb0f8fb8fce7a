#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"
#include "base/http_client.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string reference = get_string(values, "model"), out = get_string(values, "out");
  auto at = reference.find('@');
  std::string version = at == std::string::npos ? "latest" : reference.substr(at + 1);
  TemporaryFolder folder;
  fs::path file = folder.path() / "card.md";
  context.api().download(
      "/api/models/" + percent_encode(reference.substr(0, at)) + "/versions/" + percent_encode(version) + "/card",
      file);
  std::string card = read_file(file);
  if (!out.empty()) write_file(out, card);
  if (context.json)
    context.print({{"model", reference}, {"card", card}});
  else if (out.empty())
    std::fputs(card.c_str(), stdout);
  return 0;
}

extern const Command command_model_card;
const Command command_model_card{
    .words = "model card",
    .help = "The card of a registered version, as Markdown: what it takes, how good it is, where it came from",
    .arguments = {{"model", FieldType::text, "NAME, NAME@3, NAME@champion", nullptr, {.required = true}}},
    .options = {{"out", FieldType::text, "write it to this file", ""}},
    .run = run};

}  // namespace gyre
