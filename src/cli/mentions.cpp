#include "cli/mentions.hpp"

namespace gyre {

static constexpr Mention mentions[] = {
    {.table = "audit"},              // what was, for ever
    {.table = "lineage_edge"},       // what came from what, also when that is gone
    {.table = "openlineage_event"},  // what is told to others
    {.table = "migration"},          // digests of SQL
    {.table = "member_token"},       // digests of tokens
    // What steps gave: found again in the cache, or by making it again. A pipeline that runs needs it.
    {.table = "step_cache", .cache = true},
    {.table = "step_run",
     .where = "pipeline_run IN (SELECT id FROM pipeline_run WHERE state = 'running')",
     .cache = true},
    {.table = "pipeline_run", .where = "state = 'running'", .cache = true},
};

std::span<const Mention> content_mentions() { return mentions; }

}  // namespace gyre
