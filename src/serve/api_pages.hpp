#pragma once
// What clients can ask, as OpenAPI 3.1 and as the Swagger 2.0 that Power BI and Excel read; made from the models that
// are served now.
#include "serve/rest.hpp"

namespace gyre {

json::object openapi_page(const Service& service);
// Of one model or endpoint below `base` ("/endpoints/line"), or of all when `name` is empty. Error{not_found}.
json::object swagger_page(const Service& service, std::string_view name);
// The one that POST /score is for: there is no other. Error{not_found} when there are several.
std::string only_name(const Service& service);

}  // namespace gyre
