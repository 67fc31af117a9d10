// `powershare import-composer`: participants, assets and balances of a former Composer server into
// a running chain.
#pragma once

#include <filesystem>
#include <string>

namespace powershare::apps {

struct ImportComposerOptions {
  std::string source;                        ///< http(s)://ADDRESS:PORT of the former server
  std::filesystem::path folder;              ///< or a folder with Coins.json, Resident.json, …
  std::filesystem::path source_api_key;      ///< file; empty: it asks for none
  std::filesystem::path source_authorities;  ///< PEM file, for https
  std::string peer;                          ///< http(s)://ADDRESS:PORT of a peer of the chain
  std::filesystem::path api_key;             ///< file with an administrator's API key
  std::filesystem::path authorities;         ///< PEM file, for https
  bool apply = false;                        ///< else only says what would be done
  bool json = false;
};

int run_import_composer(const ImportComposerOptions& options);

}  // namespace powershare::apps
