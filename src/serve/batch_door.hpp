#pragma once
// POST /endpoints/NAME/batches takes rows and answers at once with a job; GET tells how far it is and gives its
// answers.
#include "serve/batch_jobs.hpp"
#include "serve/rest.hpp"

namespace gyre {

// `parts`: of the path, "endpoints", NAME, "batches" and what follows.
void answer_batches(Service& service, const ExchangePointer& exchange, const std::vector<std::string>& parts);

}  // namespace gyre
