// Members with real keys, replicas with in-memory logs, and lossless delivery between them: for the
// unit tests.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "protocol/pbft/replica.hpp"

namespace powershare::test {

class KeySignatory final : public protocol::Signatory {
 public:
  explicit KeySignatory(crypto::KeyPair keys) : keys_(std::move(keys)) {}
  bool owns(const crypto::PublicKey& key) const override { return key == keys_.public_key(); }
  crypto::Signature sign(const crypto::PublicKey&, ByteView statement) const override {
    return keys_.sign(statement);
  }
  bool verify(const crypto::PublicKey& signer, ByteView statement,
              const crypto::Signature& signature) const override {
    return crypto::verify(signer, statement, signature);
  }

 private:
  crypto::KeyPair keys_;
};

inline crypto::KeyPair key_of(std::uint32_t member) {
  return crypto::KeyPair::from_seed(crypto::sha256(Bytes{static_cast<std::uint8_t>(member)}));
}

inline pbft::Committee committee_of(std::uint32_t n) {
  crypto::initialise();
  pbft::Committee committee;
  committee.genesis = crypto::sha256(as_bytes("test chain"));
  for (std::uint32_t member = 0; member < n; ++member) {
    committee.members.push_back(key_of(member).public_key());
  }
  return committee;
}

/// Signs as `member` over what an envelope of this type and body has signed.
inline crypto::Signature signed_by(std::uint32_t member, const pbft::Committee& committee,
                                   pbft::MessageType type, ByteView body) {
  return key_of(member).sign(committee.statement(type, body));
}

/// One replica with its log; execution is immediate: each batch with requests is a block.
struct Member {
  explicit Member(std::uint32_t index) : signatory(key_of(index)) {}
  KeySignatory signatory;
  std::map<Bytes, Bytes> log;
  pbft::Position executed;
  std::unique_ptr<pbft::Replica> replica;
  std::vector<pbft::Decision> decisions;
  std::vector<pbft::BlockCertificate> certificates;
  std::vector<pbft::Evidence> evidence;
  std::vector<pbft::Outgoing> sent;
  std::vector<pbft::Refused> refused;
  std::optional<pbft::TransferRequest> transfer;
  std::optional<pbft::Reservation> identity;
};

class Group {
 public:
  explicit Group(std::uint32_t n, pbft::Options options = quick()) : committee(committee_of(n)) {
    config.committee = committee;
    config.options = options;
    cut.assign(n, false);
    for (std::uint32_t index = 0; index < n; ++index) {
      members.push_back(std::make_unique<Member>(index));
      members.back()->executed.head = committee.genesis;
      start(index);
    }
    run();
  }

  static pbft::Options quick() {
    pbft::Options options;
    options.confirm_at_start = false;
    options.checkpoint_interval = 4;
    options.window = 8;
    options.in_flight = 4;
    return options;
  }

  void start(std::uint32_t index, std::optional<pbft::Reservation> lost = std::nullopt) {
    auto& member = *members[index];
    pbft::Recovered recovered;
    for (const auto& [key, value] : member.log) recovered.log.push_back({key, value});
    recovered.executed = member.executed;
    recovered.lost = lost;
    member.replica = std::make_unique<pbft::Replica>(
        config, member.signatory,
        [](ByteView request, UtcMillis, std::uint32_t) { return request.size() < 1'000; },
        std::move(recovered));
    apply(index, member.replica->start());
    input(index, clock());
  }

  pbft::Tick clock(bool work_due = false) const {
    return {MonotonicMillis{now}, UtcMillis{1'600'000'000'000 + now}, work_due};
  }

  void input(std::uint32_t index, pbft::Input it) {
    apply(index, members[index]->replica->step(std::move(it)));
  }

  void submit(std::uint32_t index, std::string_view request) {
    input(index, pbft::Submit{to_bytes(request), true});
  }

  /// Delivers everything in flight.
  void run() {
    while (!wire.empty()) {
      auto [to, message] = std::move(wire.front());
      wire.pop_front();
      if (cut[to] || cut[message.sender]) continue;
      if (drop && drop(to, message)) continue;
      input(to, std::move(message));
    }
  }

  /// Lets time pass for all in steps of 10 ms.
  void pass(std::int64_t duration_ms) {
    for (const auto end = now + duration_ms; now < end;) {
      now += 10;
      for (std::uint32_t index = 0; index < members.size(); ++index) {
        if (!cut[index]) input(index, clock());
      }
      run();
    }
  }

  void apply(std::uint32_t index, pbft::Effects effects) {
    auto& member = *members[index];
    if (effects.reserve) member.identity = effects.reserve;
    for (auto& write : effects.persist) {
      if (write.value) {
        member.log[write.key] = *write.value;
      } else {
        member.log.erase(write.key);
      }
    }
    for (auto& message : effects.send) {
      member.sent.push_back(message);
      for (std::uint32_t to = 0; to < members.size() || to < committee.size(); ++to) {
        if (to == index || (message.recipient && *message.recipient != to)) continue;
        if (to < members.size()) {
          wire.push_back(
              {to, {index, message.type, message.body, message.signature, message.epoch}});
        }
      }
    }
    append(member.certificates, effects.block_certificates);
    append(member.evidence, effects.evidence);
    append(member.refused, effects.refused);
    if (effects.transfer) member.transfer = effects.transfer;
    for (auto& decision : effects.deliver) {
      member.decisions.push_back(decision);
      auto& position = member.executed;
      position.sequence = decision.sequence;
      if (!decision.batch->requests().empty()) {
        ++position.height;
        position.head =
            crypto::sha256(Encoder().raw(position.head).raw(decision.batch->digest()).data());
      }
      if (member.replica && execute) input(index, pbft::Executed{position, epoch_end});
    }
    if (effects.transfer && !effects.transfer->target && nothing_to_follow) {
      input(index, pbft::Restored{member.executed, {}, false, {}, {}});
    }
  }

  template <class T>
  static void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  pbft::Status status(std::uint32_t index) const { return members[index]->replica->status(); }

  pbft::Committee committee;
  pbft::Config config;
  std::vector<std::unique_ptr<Member>> members;
  std::deque<std::pair<std::uint32_t, pbft::Received>> wire;
  std::vector<bool> cut;  ///< members that nobody hears
  std::function<bool(std::uint32_t to, const pbft::Received&)> drop;
  bool execute = true;
  bool nothing_to_follow = false;   ///< transfers without a target end at once
  pbft::EpochEndPointer epoch_end;  ///< what the ledgers say of the end of this epoch
  std::int64_t now = 1'000;
};

}  // namespace powershare::test
