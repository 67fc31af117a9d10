// swagger.json (Swagger 2.0), written from the model: the description that generated clients of the
// former server are made from (COMPOSER-REST §9).
#pragma once

#include <string>

#include "gateway/composer/model.hpp"

namespace powershare::gateway::composer {

std::string swagger_document(ComposerNamespaces namespaces);

}  // namespace powershare::gateway::composer
