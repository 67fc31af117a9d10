// All strategies, by name, and how they are combined.
#pragma once

#include <span>
#include <string_view>

#include "sim/adversary.hpp"

namespace powershare::sim {

std::unique_ptr<Adversary> make_bad_proposals(std::uint64_t seed);
std::unique_ptr<Adversary> make_censorship(std::uint64_t seed);
std::unique_ptr<Adversary> make_double_votes(std::uint64_t seed);
std::unique_ptr<Adversary> make_equivocation(std::uint64_t seed);
std::unique_ptr<Adversary> make_forged_certificates(std::uint64_t seed);
std::unique_ptr<Adversary> make_frozen_primary(std::uint64_t seed);
std::unique_ptr<Adversary> make_hidden_prepared(std::uint64_t seed);
std::unique_ptr<Adversary> make_impersonation(std::uint64_t seed);
std::unique_ptr<Adversary> make_lying_new_view(std::uint64_t seed);
std::unique_ptr<Adversary> make_lying_status(std::uint64_t seed);
std::unique_ptr<Adversary> make_replay(std::uint64_t seed);
std::unique_ptr<Adversary> make_silence(std::uint64_t seed);
std::unique_ptr<Adversary> make_slowness(std::uint64_t seed);
std::unique_ptr<Adversary> make_small_scope(std::uint64_t seed);
std::unique_ptr<Adversary> make_view_spam(std::uint64_t seed);
std::unique_ptr<Adversary> make_withheld_payload(std::uint64_t seed);
std::unique_ptr<Adversary> make_wrong_checkpoints(std::uint64_t seed);
std::unique_ptr<Adversary> make_wrong_promises(std::uint64_t seed);
std::unique_ptr<Adversary> make_wrong_state(std::uint64_t seed);

struct CatalogueEntry {
  std::string_view name;
  std::unique_ptr<Adversary> (*make)(std::uint64_t seed);
};
/// In alphabetical order.
std::span<const CatalogueEntry> catalogue();

/// Each Byzantine member gets one to three strategies of the catalogue, drawn from its seed, some
/// of them at work only now and then. With a `name`, every one gets that strategy alone, all the
/// time; an unknown name gives an empty factory.
AdversaryFactory drawn_adversaries(std::string_view name = {});

}  // namespace powershare::sim
