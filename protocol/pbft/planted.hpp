// Known protocol bugs, planted to prove that the simulator finds them (DECISIONS 36). Only the
// mutant build of the tests defines POWERSHARE_PLANTED_BUGS; everywhere else `planted` is false at
// compile time and nothing of this is in the binary.
#pragma once

#include <cstdint>

namespace powershare::pbft {

enum class Bug : std::uint8_t {
  none,
  quorum_2f,                  ///< 2f votes are taken for a quorum
  small_certificate,          ///< the number of signers of a certificate is not counted
  digest_without_view,        ///< votes of other views count too
  commit_before_prepared,     ///< COMMIT without the PREPAREs
  primary_counted_twice,      ///< the primary's PRE-PREPARE and its PREPARE are two votes
  accepted_not_persisted,     ///< PREPARE is sent without a record of what was accepted
  prepared_not_persisted,     ///< COMMIT is sent without a record of the prepared certificate
  view_change_not_persisted,  ///< a restart forgets the view that was asked for
  restart_enters_view,        ///< a restart within a view change takes the new view for entered
  recovering_votes,           ///< a member without its log votes at once
  prepared_forgotten,         ///< VIEW-CHANGE leaves out the prepared certificates
  prepared_unverified,        ///< prepared certificates in a VIEW-CHANGE are believed
  lowest_view_wins,           ///< O takes the prepared certificate of the lowest view
  new_view_unchecked,         ///< the primary's O is believed
  new_view_too_few,           ///< NEW-VIEW with f + 1 VIEW-CHANGEs
  no_join,                    ///< f + 1 VIEW-CHANGEs move nobody
  highest_view_join,          ///< one VIEW-CHANGE moves everybody
  uncapped_timer,             ///< the view-change time-out doubles for ever
  censorship_timer,           ///< any progress restarts the timer of every request
  no_window,                  ///< no high water mark
  checkpoint_without_quorum,  ///< f + 1 CHECKPOINTs make a checkpoint stable
  double_execution,           ///< after a restart the last decision is executed again
  unsigned_sender,            ///< a message counts for the sender that it names
  chain_not_signed,           ///< signatures do not cover the chain
  request_unchecked,          ///< backups vote for requests that do not pass the check
  entry_unverified,           ///< fetched entries are decided without their certificate
  blocks_uncertified,         ///< state transfer installs blocks without a certificate
};

#ifdef POWERSHARE_PLANTED_BUGS
inline Bug planted_bug = Bug::none;
inline bool planted(Bug bug) {
  return planted_bug == bug;
}
#else
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace powershare::pbft
