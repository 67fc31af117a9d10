#include "protocol/pbft/types.hpp"

namespace powershare::pbft {

const char* to_text(MessageType type) {
  switch (type) {
    case MessageType::request:
      return "REQUEST";
    case MessageType::pre_prepare:
      return "PRE-PREPARE";
    case MessageType::prepare:
      return "PREPARE";
    case MessageType::commit:
      return "COMMIT";
    case MessageType::checkpoint:
      return "CHECKPOINT";
    case MessageType::view_change:
      return "VIEW-CHANGE";
    case MessageType::new_view:
      return "NEW-VIEW";
    case MessageType::block_vote:
      return "BLOCK";
    case MessageType::status:
      return "STATUS";
    case MessageType::fetch:
      return "FETCH";
    case MessageType::fetched_batch:
      return "FETCHED-BATCH";
    case MessageType::fetched_entry:
      return "FETCHED-ENTRY";
    case MessageType::stable_proof:
      return "STABLE-PROOF";
    case MessageType::ask_promises:
      return "ASK-PROMISES";
    case MessageType::promises:
      return "PROMISES";
    case MessageType::relayed:
      return "RELAYED";
    case MessageType::fetch_blocks:
      return "FETCH-BLOCKS";
    case MessageType::blocks:
      return "BLOCKS";
    case MessageType::fetch_manifest:
      return "FETCH-MANIFEST";
    case MessageType::manifest:
      return "MANIFEST";
    case MessageType::fetch_chunk:
      return "FETCH-CHUNK";
    case MessageType::chunk:
      return "CHUNK";
    case MessageType::profile_offer:
      return "PROFILE-OFFER";
    case MessageType::profile_kept:
      return "PROFILE-KEPT";
    case MessageType::profile_ask:
      return "PROFILE-ASK";
    case MessageType::profile:
      return "PROFILE";
    case MessageType::live_power:
      return "LIVE-POWER";
    case MessageType::news_delivery:
      return "NEWS-DELIVERY";
  }
  return "unknown";
}

bool is_known(MessageType type) {
  const auto value = static_cast<std::uint8_t>(type);
  return (value >= 1 && value <= 16) || (value >= 32 && value <= 37) ||
         (value >= 48 && value <= 53);
}

}  // namespace powershare::pbft
