#include "ledger/versions.hpp"

#include <vector>

namespace powershare::ledger {
namespace {

UtcMillis time_in(ByteView key) {
  Decoder in(key.last(8));
  return in.time();
}

}  // namespace

std::optional<Bytes> version_at(const StateReader& state, ByteView prefix, UtcMillis slot) {
  std::optional<Bytes> result;
  state.scan(prefix, {}, [&](ByteView key, ByteView value) {
    if (time_in(key) > slot) return false;
    result = to_bytes(value);
    return true;
  });
  return result;
}

void for_each_version(const StateReader& state, ByteView prefix,
                      const std::function<void(UtcMillis from, ByteView value)>& visit) {
  state.scan(prefix, {}, [&](ByteView key, ByteView value) {
    visit(time_in(key), value);
    return true;
  });
}

std::size_t forget_versions(Overlay& state, ByteView prefix, UtcMillis oldest_needed) {
  std::vector<Bytes> old;  // in force at or before the oldest slot that is still needed
  std::size_t count = 0;
  state.scan(prefix, {}, [&](ByteView key, ByteView) {
    ++count;
    if (time_in(key) <= oldest_needed) old.push_back(to_bytes(key));
    return true;
  });
  if (!old.empty()) old.pop_back();  // the newest of them is the one that slot goes by
  count -= old.size();
  for (Bytes& key : old) state.erase(std::move(key));
  return count;
}

void put_version(Overlay& state, ByteView prefix, UtcMillis from, Bytes value) {
  Bytes key = to_bytes(prefix);
  const Bytes time = Encoder().time(from).data();
  key.insert(key.end(), time.begin(), time.end());
  state.put(std::move(key), std::move(value));
}

}  // namespace powershare::ledger
