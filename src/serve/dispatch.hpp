#pragma once
// From a request's name to the model that answers it, through an endpoint when there is one of that name.
#include "serve/endpoints.hpp"
#include "serve/rest.hpp"

namespace gyre {

using HeaderOf = std::function<std::string(const std::string& name)>;

// Sets task.model, and task.done to one that tells the endpoint what it saw before it calls the one that was set.
// Error{not_found}.
class Dispatch {
 public:
  Dispatch(Service& service, std::string_view name, std::string_view version, const HeaderOf& header);
  const std::shared_ptr<ServedModel>& model() const { return model_; }
  // The task's request is complete, its `done` set.
  // `traceparent`: of W3C trace context, as it came; empty when none did.
  void run(const TaskPointer& task, std::string_view traceparent = {}) const;

 private:
  Service& service_;
  std::optional<Endpoints::Choice> choice_;
  std::shared_ptr<ServedModel> model_;
};

// Whether two answers to the same question are the same for those who use them: equal texts and whole numbers, numbers
// equal to a thousandth.
bool answers_agree(const InferTask& a, const InferTask& b);

}  // namespace gyre
