"""For the operator: consensus, the inside of a peer, and a view for chaos experiments."""

from dashboard_parts import (BLUE, CHAIN, GREEN, ORANGE, PEER, RATE, RED, YELLOW, dashboard, graph, row, stat, steps, table, timeline)

NO_YES = {0: ("no", RED), 1: ("yes", GREEN)}
FINE_BAD = {0: ("no", GREEN), 1: ("yes", RED)}


def percentile(metric, by, legend, selector=PEER, q=0.99):
    return (f"histogram_quantile({q}, sum by ({by}, le) (rate(powershare_{metric}_bucket{{{selector}}}{RATE})))", f"{legend} p{int(q * 100)}")


def rate(metric, by, legend, selector=PEER, or_zero=False):
    return (f"sum by ({by}) (rate(powershare_{metric}{{{selector}}}{RATE}))" + (" or vector(0)" if or_zero else ""), legend)


def consensus():
    return dashboard("powershare-consensus", "Consensus", "PBFT: views, votes, latency, and what would be a sign of lies or damage.", [
        stat("Peers beyond the quorum", "How many voting peers each chain can still lose.", "none",
             [(f"chain:powershare_consensus_quorum_margin:sum{{{CHAIN}}}", "{{chain}}")], thresholds=steps(RED, (0, YELLOW), (1, GREEN))),
        stat("Members", "Members of the present epoch.", "none", [(f"max by (chain) (powershare_consensus_members{{{CHAIN}}})", "{{chain}}")], thresholds=steps(BLUE)),
        stat("Epoch", "Epoch that the peers go by; it rises with each change of members.", "none",
             [(f"max by (chain) (powershare_consensus_epoch{{{CHAIN}}})", "{{chain}}")], thresholds=steps(BLUE)),
        stat("View changes, 10 min", "On the peer that saw most.", "none",
             [(f"max by (chain) (increase(powershare_consensus_view_changes_total{{{CHAIN}}}[10m]))", "{{chain}}")], thresholds=steps(GREEN, (1, YELLOW), (5, RED)), decimals=0),
        stat("State roots differ", "1 where two peers show different state roots of one block: a wrong peer, or a fork.", "none",
             [(f"max by (chain) (chain_mark:powershare_state_roots_differ:bool{{{CHAIN}}})", "{{chain}}")], thresholds=steps(GREEN, (1, RED))),
        stat("Equivocations", "Proofs that a member signed two contradicting messages.", "none",
             [(f"max by (chain) (powershare_consensus_equivocations_total{{{CHAIN}}})", "{{chain}}")], thresholds=steps(GREEN, (1, RED))),
        row("Progress"),
        graph("Height", "Last executed block of each peer: lines that part are peers that are behind.", "none", [(f"powershare_consensus_height{{{PEER}}}", "{{peer}}")]),
        graph("View", "View of each peer; peers in different views for long cannot agree.", "none", [(f"powershare_consensus_view{{{PEER}}}", "{{peer}}")]),
        timeline("View active", "Whether the view works, or a view change is under way.", [(f"powershare_consensus_view_active{{{PEER}}}", "{{peer}}")], NO_YES, width=8),
        graph("Time to commit", "From a batch's proposal to its commit on that peer.", "s",
              [percentile("consensus_commit_duration_seconds", "chain, peer", "{{peer}}", q=q) for q in (0.5, 0.99)], thresholds=steps(GREEN, (2, RED))),
        graph("Batch size", "Requests in a committed batch, the mean.", "none",
              [(f"sum by (chain, peer) (rate(powershare_consensus_batch_requests_sum{{{PEER}}}{RATE})) / (sum by (chain, peer) (rate(powershare_consensus_batch_requests_count{{{PEER}}}{RATE})) > 0)", "{{peer}}")], decimals=1),
        graph("Under way", "Batches proposed and not yet committed.", "none", [(f"powershare_consensus_in_flight_batches{{{PEER}}}", "{{peer}}")]),
        graph("Waiting transactions", "Transactions in the mempool.", "none", [(f"powershare_consensus_mempool_transactions{{{PEER}}}", "{{peer}}")]),
        graph("Waiting bytes", "Bytes in the mempool.", "bytes", [(f"powershare_consensus_mempool_bytes{{{PEER}}}", "{{peer}}")]),
        graph("Log kept", "Sequences committed above the last stable checkpoint; at most the window of 256.", "none",
              [(f"powershare_consensus_sequence{{{PEER}}} - powershare_consensus_stable_checkpoint_sequence{{{PEER}}}", "{{peer}}")], thresholds=steps(GREEN, (256, ORANGE))),
        row("Messages"),
        graph("Messages by type", "Accepted messages of the protocol.", "cps", [rate("consensus_messages_total", "chain, type", "{{chain}} {{type}}")], width=12),
        graph("Refused by reason", "Repetitions are normal. Bad signatures, wrong chains or epochs are not.", "cps",
              [rate("consensus_rejected_messages_total", "chain, reason", "{{chain}} {{reason}}", or_zero=True)], width=12),
        graph("Needless votes", "Votes that came when their quorum was complete, dropped unverified.", "cps", [rate("consensus_needless_votes_total", "chain, peer", "{{peer}}")]),
        graph("View changes", "VIEW-CHANGEs that each peer sent since it started.", "none", [(f"powershare_consensus_view_changes_total{{{PEER}}}", "{{peer}}")]),
        graph("State transfers", "State transfers finished in the last hour, by result.", "none",
              [(f"sum by (chain, peer, result) (increase(powershare_consensus_state_transfers_total{{{PEER}}}[1h])) or vector(0)", "{{peer}} {{result}}")], decimals=0),
        row("Trouble"),
        timeline("Quarantined", "State differs from what a quorum certified.", [(f"powershare_consensus_quarantined{{{PEER}}}", "{{peer}}")], FINE_BAD, width=8),
        timeline("Recovering", "Does not vote, since it may have forgotten promises.", [(f"powershare_consensus_recovering{{{PEER}}}", "{{peer}}")], FINE_BAD, width=8),
        graph("Clock offset", "Median of the others' clocks minus the own one; 10 s is the bound.", "s",
              [(f"powershare_consensus_clock_offset_seconds{{{PEER}}}", "{{peer}}")], thresholds=steps(GREEN, (5, ORANGE), (10, RED))),
    ])


def peer():
    return dashboard("powershare-peer", "Peer internals", "One process: CPU, memory, disk, network, door.", [
        stat("Ready", "1 while the peer reports ready.", "none", [(f"powershare_peer_ready{{{PEER}}}", "{{peer}}")], width=6, thresholds=steps(RED, (1, GREEN))),
        stat("Uptime", "Time since the process started.", "s", [(f"time() - powershare_peer_start_time_seconds{{{PEER}}}", "{{peer}}")], width=6, thresholds=steps(BLUE)),
        stat("Disk left", "What the file system of the data folder has left.", "bytes",
             [(f"min by (chain, peer) (powershare_storage_free_bytes{{{PEER}}})", "{{peer}}")], width=6, thresholds=steps(RED, (1073741824, YELLOW), (10737418240, GREEN))),
        stat("Certificate ends in", "Until the TLS certificate of the REST port ends; no figure without TLS.", "s",
             [(f"(powershare_gateway_certificate_expiry_timestamp_seconds{{{PEER}}} > 0) - time()", "{{peer}}")], width=6, thresholds=steps(RED, (604800, YELLOW), (1814400, GREEN))),
        row("Process"),
        graph("CPU", "Cores kept busy.", "none", [(f"rate(powershare_peer_cpu_seconds_total{{{PEER}}}{RATE})", "{{peer}}")], decimals=2),
        graph("Resident memory", "Pages of the memory map that were read count, too.", "bytes", [(f"powershare_peer_resident_memory_bytes{{{PEER}}}", "{{peer}}")], thresholds=steps(GREEN, (2147483648, ORANGE))),
        graph("Messages waiting", "Frames between the sockets and consensus; past 8,192 they are dropped and repaired.", "none",
              [(f"powershare_actor_mailbox_messages{{{PEER}}}", "{{peer}} {{actor}}")], thresholds=steps(GREEN, (6000, ORANGE))),
        row("Disk"),
        graph("Bytes on disk", "By environment: promises, ledger, inbox. The files never shrink.", "bytes", [(f"powershare_storage_bytes{{{PEER}}}", "{{peer}} {{environment}}")]),
        graph("Map in use", "Share of the memory map; the map grows by itself.", "percentunit",
              [(f"powershare_storage_bytes{{{PEER}}} / powershare_storage_map_bytes{{{PEER}}}", "{{peer}} {{environment}}")], thresholds=steps(GREEN, (0.9, ORANGE)), lowest=0),
        graph("Free on the file system", "What is left for this process.", "bytes", [(f"min by (chain, peer) (powershare_storage_free_bytes{{{PEER}}})", "{{peer}}")], lowest=0),
        graph("Durable commit", "99 of 100 commits are faster.", "s",
              [percentile("storage_commit_duration_seconds", "chain, peer, environment", "{{peer}} {{environment}}")], width=12, thresholds=steps(GREEN, (0.5, ORANGE))),
        graph("Stalls, 1 h", "Commits that took longer than the stall limit.", "none",
              [(f"increase(powershare_storage_stalls_total{{{PEER}}}[1h])", "{{peer}} {{environment}}")], width=12, thresholds=steps(GREEN, (1, RED)), decimals=0),
        row("Between peers"),
        graph("Connected peers", "Live connections to other peers.", "none", [(f"powershare_transport_connected_peers{{{PEER}}}", "{{peer}}")]),
        graph("Frames", "By direction.", "cps", [rate("transport_frames_total", "chain, peer, direction", "{{peer}} {{direction}}")]),
        graph("Bytes", "By direction.", "Bps", [rate("transport_bytes_total", "chain, peer, direction", "{{peer}} {{direction}}")]),
        graph("Dropped", "Frames not sent because a queue was full or the peer away; STATUS repairs them.", "cps", [rate("transport_dropped_frames_total", "chain, peer", "{{peer}}")]),
        graph("Thrown away", "Frames of peers with a wrong form or sender.", "cps", [rate("transport_rejected_frames_total", "chain, peer", "{{peer}}")]),
        graph("Refused connections", "Handshakes refused for their key.", "cps", [rate("transport_refused_handshakes_total", "chain, peer", "{{peer}}")]),
        row("Door"),
        graph("Requests by route", "HTTP requests answered.", "reqps", [rate("gateway_requests_total", "route", "{{route}}")]),
        graph("Errors", "Answers with 5xx by route.", "reqps", [rate("gateway_requests_total", "route, status", "{{route}} {{status}}", PEER + ',status=~"5.."', or_zero=True)]),
        graph("Time to answer", "99 of 100 requests are faster.", "s", [percentile("gateway_request_duration_seconds", "route", "{{route}}")]),
        graph("Open connections", "HTTP connections of the REST port.", "none", [(f"powershare_gateway_connections{{{PEER}}}", "{{peer}}")], width=12),
        row("Households' applications and news"),
        graph("Screens", "Screens of the household's application that were looked at, per hour, by screen. Nobody's name is in it.", "none", [(f"sum by (screen) (increase(powershare_gateway_screens_total{{{PEER}}}[1h])) or vector(0)", "{{screen}}")]),
        graph("Faults of the application", "Faults that it has met, per hour; their texts are at GET /v1/usage.", "none", [(f"sum by (chain) (increase(powershare_gateway_client_errors_total{{{PEER}}}[1h]))", "{{chain}}")]),
        graph("News delivered", "Notifications that left the house, per hour, by way.", "none", [(f"sum by (way) (increase(powershare_delivery_sent_total{{{PEER}}}[1h])) or vector(0)", "{{way}}")]),
        graph("Failed tries", "Tries to deliver that failed, per hour, and what was given up after all of them.", "none",
              [(f"sum by (way) (increase(powershare_delivery_failures_total{{{PEER}}}[1h])) or vector(0)", "{{way}} failed"),
               (f"sum by (way) (increase(powershare_delivery_given_up_total{{{PEER}}}[1h])) or vector(0)", "{{way}} given up")]),
        graph("News waiting", "Notifications to be delivered by this peer or watched by it.", "none", [(f"powershare_delivery_waiting{{{PEER}}}", "{{peer}}")]),
        table("Versions", "Program and compiler of each peer.", "none", [(f"powershare_build_info{{{PEER}}}", "running")], width=12),
    ])


def chaos():
    return dashboard("powershare-chaos", "Chaos", "Beside an experiment: what broke, how long it took to come back, and that nothing was lost.", [
        stat("Seconds since a block", "Time since the newest block of each chain, seen in steps of the scrape interval.", "s",
             [(f"time() - max by (chain) (max_over_time(timestamp(changes(powershare_consensus_height{{{CHAIN}}}[30s]) > 0)[1h:5s]))", "{{chain}}")], width=6, thresholds=steps(GREEN, (10, YELLOW), (60, RED))),
        stat("Restarts, 1 h", "Starts of processes in the last hour.", "none", [(f"sum by (chain) (changes(powershare_peer_start_time_seconds{{{CHAIN}}}[1h]))", "{{chain}}")], width=6, thresholds=steps(GREEN, (1, BLUE))),
        stat("Books off balance", "Safety: must stay 0 whatever is broken.", "none", [(f"max by (chain) (abs(powershare_settlement_asset_imbalance{{{CHAIN}}}))", "{{chain}}")], width=6, thresholds=steps(GREEN, (1e-9, RED))),
        stat("State roots differ", "Safety: must stay 0 whatever is broken.", "none", [(f"max by (chain) (chain_mark:powershare_state_roots_differ:bool{{{CHAIN}}})", "{{chain}}")], width=6, thresholds=steps(GREEN, (1, RED))),
        row("Who is there"),
        timeline("Answers", "Whether Prometheus reaches the peer.", [(f'up{{job="powershare",{PEER}}}', "{{peer}}")], NO_YES),
        timeline("Ready", "Whether the peer says that it is ready.", [(f"powershare_peer_ready{{{PEER}}}", "{{peer}}")], NO_YES),
        timeline("Primary", "Who leads.", [(f"powershare_consensus_is_primary{{{PEER}}}", "{{peer}}")], {0: ("follows", BLUE), 1: ("leads", GREEN)}),
        timeline("View active", "Whether a view works or a view change is under way.", [(f"powershare_consensus_view_active{{{PEER}}}", "{{peer}}")], NO_YES),
        row("Progress"),
        graph("Blocks", "Blocks executed per second.", "ops", [rate("settlement_blocks_total", "chain, peer", "{{peer}}")]),
        graph("Time to commit", "99 of 100 batches are faster.", "s", [percentile("consensus_commit_duration_seconds", "chain, peer", "{{peer}}")]),
        graph("Behind", "Blocks that a peer lacks of the highest one.", "none",
              [(f"chain:powershare_consensus_height:max{{{CHAIN}}} - on (chain) group_right () powershare_consensus_height{{{PEER}}}", "{{peer}}")], thresholds=steps(GREEN, (256, ORANGE))),
        row("Damage and repair"),
        graph("Connected peers", "Falls with partitions.", "none", [(f"powershare_transport_connected_peers{{{PEER}}}", "{{peer}}")]),
        graph("Dropped frames", "Frames that were not sent; STATUS repairs them.", "cps", [rate("transport_dropped_frames_total", "chain, peer", "{{peer}}")]),
        graph("View changes", "VIEW-CHANGEs since the peer started.", "none", [(f"powershare_consensus_view_changes_total{{{PEER}}}", "{{peer}}")]),
        graph("Stalled commits, 1 h", "Durable writes that took longer than the stall limit.", "none", [(f"sum by (chain, peer) (increase(powershare_storage_stalls_total{{{PEER}}}[1h]))", "{{peer}}")], decimals=0),
        graph("Clock", "Offset to the others, and whether it is beyond the bound (1).", "s",
              [(f"powershare_consensus_clock_offset_seconds{{{PEER}}}", "{{peer}}"), (f"powershare_consensus_clock_suspect{{{PEER}}}", "{{peer}} suspect")]),
        graph("Answers with 5xx", "What clients notice; /readyz left out.", "reqps",
              [rate("gateway_requests_total", "chain, status", "{{chain}} {{status}}", PEER + ',status=~"5..",route!="/readyz"', or_zero=True)]),
        graph("Readings acknowledged", "Acknowledging needs no quorum: it must go on wherever a disk is writable.", "reqps", [rate("metering_readings_accepted_total", "chain, peer", "{{peer}}")], width=12),
        graph("Readings in no block yet", "Rise while there is no quorum, and fall to 0 after it.", "none", [(f"powershare_metering_inbox_entries{{{PEER}}}", "{{peer}}")], width=12),
    ])
