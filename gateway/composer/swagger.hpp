// swagger.json (Swagger 2.0), written from the model: the description that generated clients of the
// former server are made from (COMPOSER-REST §9).
#pragma once

#include <string>

#include "gateway/composer/model.hpp"

namespace powershare::gateway::composer {

/// `multiuser`: with the routes of the wallet.
std::string swagger_document(ComposerNamespaces namespaces, bool multiuser = false);

}  // namespace powershare::gateway::composer
