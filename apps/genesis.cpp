#include <chrono>
#include <cstdio>
#include <set>

#include "apps/commands.hpp"
#include "apps/error.hpp"
#include "apps/exit.hpp"
#include "apps/files.hpp"
#include "apps/genesis_files.hpp"
#include "apps/key_files.hpp"
#include "apps/time_zone.hpp"

namespace powershare::apps {
namespace {

/// A file with 64 hexadecimal digits of a public key, as `powershare keys --administrator` prints
/// them.
Result<crypto::PublicKey> read_public_key(const std::filesystem::path& file) {
  auto text = read_file(file, 4096);
  if (!text) return text.error();
  while (!text->empty() && text->back() == '\n') text->pop_back();
  const auto digest = crypto::digest_from_hex(*text);
  if (!digest)
    return Error{AppError::bad_configuration, file.string() + ": not a public key in hex"};
  return *digest;
}

Result<ledger::Genesis> build(const GenesisOptions& options) {
  ledger::Genesis genesis;
  auto chain = ChainId::parse(options.chain);
  if (!chain) return chain.error();
  genesis.chain = *chain;
  genesis.created = {std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count()};
  auto administrator = read_public_key(options.administrator_key);
  if (!administrator) return administrator.error();
  genesis.administrator_key = *administrator;
  std::set<PeerId> seen;
  for (const auto& file : options.members) {
    auto text = read_file(file, 1u << 16);
    if (!text) return text.error();
    auto member = member_from_json(*text);
    if (!member)
      return Error{AppError::bad_configuration, file.string() + ": " + member.error().detail()};
    if (!seen.insert(member->peer).second) {
      return Error{AppError::bad_configuration,
                   "peer " + member->peer.text() + " stands twice among the members"};
    }
    genesis.members.push_back(std::move(*member));
  }
  if (genesis.members.size() < 4) {
    return Error{AppError::usage, "a chain needs at least 4 members to bear one faulty peer"};
  }
  auto tariff = parse_quantity<Price>(options.tariff);
  auto feed_in = parse_quantity<Price>(options.feed_in);
  auto slot_ms = parse_duration_ms(options.slot);
  if (!tariff || !feed_in || tariff->is_negative() || feed_in->is_negative()) {
    return Error{AppError::usage, "--tariff and --feed-in take coins per kWh, as 0.1629"};
  }
  if (!slot_ms || !is_slot_length(*slot_ms)) {
    return Error{AppError::usage, "--slot takes 1m, 5m, 15m, 30m or 1h"};
  }
  if (!ParticipantId::parse(options.utility))
    return Error{AppError::usage, "--utility takes an id"};
  genesis.parameters.slot_ms = *slot_ms;
  // 50 coins per metered home is what a production chain may owe (DECISIONS 25).
  genesis.parameters.credit_limit = Coins::from_nano(50 * nano_per_unit);
  genesis.registry = institutions_registry(options.utility, *tariff, *feed_in);
  if (!options.zone.empty()) {
    auto calendar = read_time_zone(options.zone, first_calendar_year, last_calendar_year);
    if (!calendar) return calendar.error();
    genesis.registry.emplace_back(*std::move(calendar));
  }
  return genesis;
}

}  // namespace

int run_genesis(const GenesisOptions& options) {
  auto genesis = build(options);
  if (!genesis) return report(genesis.error());
  const auto text = genesis->to_json() + "\n";
  if (options.out.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    auto written = write_file(options.out, text, 0644);
    if (!written) return report(written.error());
  }
  std::fprintf(stderr, "genesis hash %s\n", crypto::to_hex(genesis->hash()).c_str());
  return 0;
}

}  // namespace powershare::apps
