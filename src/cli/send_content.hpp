#pragma once
#include <filesystem>
#include <string>

namespace gyre {

// Whether commands ask a server that $GYRE_URL names: then it cannot be relied on to see this machine's files.
bool asks_elsewhere();

// Brings a file or folder there, what of it is not there yet; gives its digest. Cut off, it goes on where it was.
std::string send_content(const std::filesystem::path& file_or_folder);

}  // namespace gyre
