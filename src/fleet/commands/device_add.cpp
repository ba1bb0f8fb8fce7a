#include <cstdio>

#include "base/command.hpp"
#include "base/file.hpp"

namespace gyre {

static int run(const json::object& values, CommandContext& context) {
  std::string name = get_string(values, "name");
  fs::path out = get_string(values, "out");
  if (out.empty()) out = name;
  if (fs::exists(out / "device.json"))
    throw Error(Code::conflict, (out / "device.json").string() + " is there already", "give another folder with --out");
  make_folders(out);  // before the device is made: its key is given only once
  json::value answer =
      context.api().call("POST", "/api/devices", {{"name", name}, {"ring", get_string(values, "ring")}});
  auto& files = answer.at("files").as_object();
  // device.json comes last: a folder that has it is whole.
  for (auto& file : files)
    if (file.key() != "device.json")
      write_file(out / std::string(file.key()), file.value().as_string(), file.key() == "device.key" ? 0600 : 0644);
  write_file(out / "device.json", get_string(answer.at("files"), "device.json"));
  if (context.json)
    context.print({{"name", name}, {"ring", get_string(values, "ring")}, {"folder", fs::absolute(out).string()}});
  else
    std::printf("device %s, ring %s; bring %s to it and run: gyre-edge run --state DIR --config %s\n", name.c_str(),
                get_string(values, "ring").c_str(), out.c_str(), (out / "device.json").c_str());
  return 0;
}

extern const Command command_device_add;
const Command command_device_add{
    .words = "device add",
    .help = "Add a device: writes the certificate and settings that its agent needs",
    .arguments = {{"name", FieldType::text, "its name: letters, digits and . _ -", nullptr, {.required = true}}},
    .options = {{"ring", FieldType::text, "roll-outs reach it with this ring", "production", {}},
                {"out", FieldType::text, "folder for its files; a folder of its name when left out", "", {}}},
    .run = run};

}  // namespace gyre
