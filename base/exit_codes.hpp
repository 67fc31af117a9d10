// The exit codes of every powershare command (after sysexits.h).
#pragma once

namespace powershare {

enum class ExitCode : int {
  ok = 0,
  failed = 1,         ///< the command ran and its answer is "no": audit found a fault, and so on
  usage = 64,         ///< unknown option, impossible combination
  damaged_data = 65,  ///< a record fails its checksum or its chain and cannot be repaired
  unavailable = 69,   ///< a port is taken, a peer does not answer
  broken_invariant = 70,  ///< assertion, dead actor, impossible state
  storage_error = 74,     ///< EIO, short write, stall: nothing more is acknowledged
  bad_configuration = 78  ///< wrong chain, key readable by others, unknown field
};

}  // namespace powershare
