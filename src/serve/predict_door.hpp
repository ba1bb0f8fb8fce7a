#pragma once
// POST /endpoints/NAME/predict: a picture, a sound, a CSV or plain JSON in, an answer that people read out.
#include "serve/dispatch.hpp"

namespace gyre {

// Decodes on the thread that calls it; the exchange is answered when the model has.
void predict_from(Service& service, const ExchangePointer& exchange, const std::string& name);

}  // namespace gyre
