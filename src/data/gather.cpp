#include "data/gather.hpp"

#include <fcntl.h>

#include <algorithm>

namespace gyre {

namespace {
constexpr std::size_t shown = 5;  // of a long list, in an error or a finding

std::string first_of(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t i = 0; i < std::min(shown, list.size()); i++) text += "\n  " + list[i];
  return list.size() > shown ? text + "\n  ... and " + std::to_string(list.size() - shown) + " more" : text;
}
}  // namespace

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

std::string name_of_input(const std::filesystem::path& input, std::string_view else_name) {
  std::string name = input.filename().string();
  bool digest = name.size() == 62 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return digest ? std::string(else_name) : name;
}

void say_all(StepContext& context, const std::vector<std::string>& findings) {
  for (auto& finding : findings) context.say(finding);
}

std::vector<fs::path> files_of(const fs::path& from) {
  return fs::is_regular_file(from) ? std::vector<fs::path>{from.filename()} : files_below(from);
}

fs::path file_in(const fs::path& from, const fs::path& relative) {
  return fs::is_regular_file(from) ? from : from / relative;
}

bool has_extension(const fs::path& path, std::initializer_list<std::string_view> extensions) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

std::size_t gather_files(StepContext& context, const fs::path& from, const fs::path& to, const std::string& corrupt,
                         const Convert& convert) {
  std::vector<std::string> broken, others;
  std::size_t written = 0, seen = 0;
  auto files = files_of(from);
  make_folders(to);
  for (auto& relative : files) {
    if (context.stop_requested()) throw Error(Code::cancelled, "stopped after " + counted(seen, "file", "files"));
    try {
      auto pieces = convert(relative, read_file(file_in(from, relative)));
      if (pieces.empty()) others.push_back(relative.string());
      for (auto& piece : pieces) write_output(to / piece.path, piece.bytes);
      written += pieces.size();
    } catch (const Error& error) {
      if (error.code != Code::invalid && error.code != Code::unsupported) throw;
      broken.push_back(error.text());
    }
    if (++seen % 50 == 0 || seen == files.size()) context.progress(double(seen), double(files.size()), "files");
  }
  if (!broken.empty() && corrupt == "stop")
    throw Error(Code::invalid,
                broken.size() == 1 ? broken[0]
                                   : counted(broken.size(), "file", "files") + " cannot be read:" + first_of(broken),
                "correct or remove " + std::string(broken.size() == 1 ? "it" : "them") +
                    ", or go on without: --corrupt leave-out");
  if (!broken.empty())
    context.say("left out, for " + std::string(broken.size() == 1 ? "it" : "they") +
                " cannot be read:" + first_of(broken));
  if (!others.empty())
    context.say("left out " + counted(others.size(), "file", "files") + " of another kind:" + first_of(others));
  if (written == 0)
    throw Error(Code::invalid, "nothing could be gathered: " + counted(files.size(), "file", "files") + ", none of use",
                "is this the right folder?");
  return written;
}

}  // namespace gyre
