// The OpenAPI 3.1 document, written from the route table.
#pragma once

#include <string>

#include "gateway/router.hpp"

namespace powershare::gateway {

std::string openapi_document(const Router& router);

}  // namespace powershare::gateway
