#include "search/auto/card.hpp"

#include "search/auto/objective.hpp"

namespace gyre {

static std::string number(const json::object& object, std::string_view key) {
  auto value = find_number(object, key);
  return value ? five_digits(*value) : "";
}

std::string card_of(const json::object& report) {
  std::string metric = get_string(report, "metric");
  std::string card = "# " + get_string(report, "title") + "\n\n" + get_string(report, "about") + "\n\n";
  card += "| | |\n|---|---|\n";
  card += "| task | " + get_string(report, "task") + " |\n";
  card += "| learned from | " + number(report, "rows") + " rows, " + number(report, "columns") + " columns |\n";
  if (auto* left_out = find(report, "left_out"); left_out && !left_out->as_array().empty())
    card += "| columns that it does not take | " + std::to_string(left_out->as_array().size()) + " |\n";
  card += "| judged by | " + get_string(report, "judged_by") + " |\n";
  card += "| " + metric + " | " + number(report, "score") + " |\n";
  card += "| the default (" + get_string(report, "default") + ") | " + number(report, "default_score") + " |\n";
  card += "| one answer, one core | " + number(report, "latency_ms") + " ms |\n";
  card += "| size | " + number(report, "megabytes") + " MB |\n\n";
  card += "## Members\n\n| weight | pipeline | " + metric + " | options |\n|---|---|---|---|\n";
  for (auto& item : report.at("members").as_array()) {
    auto& member = item.as_object();
    card += "| " + number(member, "weight") + " | " + get_string(member, "name") + " | " + number(member, "score") +
            " | `" + json::serialize(member.at("options")) + "` |\n";
  }
  card += "\n## Scores\n\n| score | value |\n|---|---|\n";
  for (auto& [name, value] : report.at("scores").as_object())
    if (value.is_number())
      card += "| " + std::string(name) + " | " + number(report.at("scores").as_object(), name) + " |\n";
  card += "\n## Guardrails\n\n| | state | |\n|---|---|---|\n";
  for (auto& item : report.at("guardrails").as_array())
    card +=
        "| " + get_string(item, "name") + " | " + get_string(item, "state") + " | " + get_string(item, "text") + " |\n";
  card += "\n## Findings\n\n";
  for (auto& finding : report.at("findings").as_array()) card += "- " + std::string(finding.as_string()) + "\n";
  if (report.at("findings").as_array().empty()) card += "None.\n";
  card +=
      "\nThe scores are of rows that the judged models did not see. The ensemble was chosen by the same rows: expect "
      "a\n"
      "little less on new ones.\n";
  return card;
}

}  // namespace gyre
