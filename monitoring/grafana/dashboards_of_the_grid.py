"""For the grid operator: the island, a microgrid, its market, its meters, and what the system itself consumes."""

from dashboard_parts import (BLUE, CHAIN, GREEN, ORANGE, PEER, RATE, RED, YELLOW, dashboard, graph, row, stat, steps, table)

NEIGHBOURS, UTILITY = '!="utility"', '="utility"'  # venues of a trade, as matchers
MARGIN = steps(RED, (0, YELLOW), (1, GREEN))


def median(metric, by="chain", selector=CHAIN):
    """All peers of a chain count the same market: their median is the chain's figure."""
    return f"quantile by ({by}) (0.5, {metric}{{{selector}}})"


def watts(kind):
    return f"chain:powershare_neighbourhood_{kind}_watts:median{{{CHAIN}}}"


def traded(venue, window="1h"):
    return f'chain_venue:powershare_market_energy_traded_joules:increase{window}{{{CHAIN},venue{venue}}}'


def island():
    return dashboard("powershare-island", "Island", "All microgrids side by side: do they work, what flows, what is traded.", [
        stat("Peers beyond the quorum", "How many voting peers each chain can still lose. 0: the next failure stops it.", "none",
             [(f"chain:powershare_consensus_quorum_margin:sum{{{CHAIN}}}", "{{chain}}")], thresholds=MARGIN),
        stat("Peers ready", "Peers that serve readings and reads, over the members of all chains.", "percentunit",
             [(f"sum(chain:powershare_peers_ready:sum{{{CHAIN}}}) / sum(max by (chain) (powershare_consensus_members{{{CHAIN}}}))", "ready")],
             thresholds=steps(RED, (0.75, YELLOW), (1, GREEN))),
        stat("Alerts", "Power Share alerts that fire now.", "none",
             [(f'count(ALERTS{{alertname=~"PowerShare.+",alertstate="firing",{CHAIN}}}) or vector(0)', "firing")],
             thresholds=steps(GREEN, (1, RED))),
        stat("Drawn", "Power that all meters draw, from the last settled slots.", "watt",
             [(f"sum({watts('imported')})", "drawn")], thresholds=steps(BLUE)),
        stat("Fed in", "Power that all meters feed in, from the last settled slots.", "watt",
             [(f"sum({watts('exported')})", "fed in")], thresholds=steps(BLUE)),
        stat("Traded with neighbours, 1 h", "Energy that changed hands between neighbours in the last hour of this clock.", "kwatth",
             [(f"sum({traded(NEIGHBOURS)}) / 3.6e6", "traded")], thresholds=steps(BLUE), decimals=2),
        row("Energy"),
        graph("Power drawn", "Power that the meters of each microgrid draw.", "watt", [(watts("imported"), "{{chain}}")], stacked=True),
        graph("Power fed in", "Power that the meters of each microgrid feed in.", "watt", [(watts("exported"), "{{chain}}")], stacked=True),
        graph("Power produced", "Power that the plants of each microgrid produce.", "watt", [(watts("produced"), "{{chain}}")], stacked=True),
        row("Market and work"),
        graph("Clearing price", "Coins per kWh of each microgrid's last slot; with pairwise rules the mean.", "none",
              [(median("powershare_market_clearing_price"), "{{chain}}")], decimals=4),
        graph("Transactions", "Transactions that each chain executes, by result.", "reqps",
              [(f"chain_result:powershare_settlement_transactions:rate5m{{{CHAIN}}}", "{{chain}} {{result}}")]),
        graph("Time to commit", "From a batch's proposal to its commit: half of them, and 99 of 100, are faster.", "s",
              [(f"chain:powershare_consensus_commit_duration_seconds:p50_5m{{{CHAIN}}}", "{{chain}} p50"),
               (f"chain:powershare_consensus_commit_duration_seconds:p99_5m{{{CHAIN}}}", "{{chain}} p99")],
              thresholds=steps(GREEN, (2, RED))),
        row("Peers"),
        table("Peers", "Every peer that Prometheus reaches: where it stands.", "none",
              [(f"powershare_peer_ready{{{CHAIN}}}", "ready"), (f"powershare_consensus_height{{{CHAIN}}}", "height"),
               (f"powershare_consensus_view{{{CHAIN}}}", "view"), (f"powershare_transport_connected_peers{{{CHAIN}}}", "connected"),
               (f"powershare_consensus_is_primary{{{CHAIN}}}", "primary")], height=9),
    ], peers=False)


def microgrid():
    self_sufficiency = (f"1 - {traded(UTILITY)} / ignoring (venue) "
                        f"sum by (chain) (chain_venue:powershare_market_energy_traded_joules:increase1h{{{CHAIN}}})")
    return dashboard("powershare-microgrid", "Microgrid", "One neighbourhood: its power, its energy and where it comes from.", [
        stat("Drawn", "Power that the meters draw, from the last settled slot.", "watt", [(watts("imported"), "{{chain}}")], thresholds=steps(BLUE)),
        stat("Fed in", "Power that the meters feed in, from the last settled slot.", "watt", [(watts("exported"), "{{chain}}")], thresholds=steps(BLUE)),
        stat("Produced", "Power that the plants produce, from the last settled slot.", "watt", [(watts("produced"), "{{chain}}")], thresholds=steps(BLUE)),
        stat("Price", "Coins per kWh of the last slot.", "none", [(median("powershare_market_clearing_price"), "{{chain}}")], thresholds=steps(BLUE), decimals=4),
        stat("Share traded locally, 1 h", "Of all energy that was traded in the last hour, the share that did not involve the utility.", "percentunit",
             [(self_sufficiency, "{{chain}}")], thresholds=steps(YELLOW, (0.1, GREEN)), decimals=1),
        stat("Meters missing", "Meters whose readings were incomplete when the last slot was settled.", "none",
             [(median("powershare_metering_missing_meters"), "{{chain}}")], thresholds=steps(GREEN, (1, YELLOW), (5, RED))),
        row("Power and energy"),
        graph("Power", "What the neighbourhood draws, feeds in and produces.", "watt",
              [(watts("imported"), "{{chain}} drawn"), (watts("exported"), "{{chain}} fed in"), (watts("produced"), "{{chain}} produced")], width=12),
        graph("Energy by venue, 1 h", "Energy that was bought and sold in the last hour: between neighbours, and with the utility.", "joule",
              [(f"chain_venue:powershare_market_energy_traded_joules:increase1h{{{CHAIN}}}", "{{chain}} {{venue}}")], width=12, stacked=True),
        graph("Energy drawn", "Energy that the meters counted as drawn, per hour, in settled slots.", "joule",
              [(f"quantile by (chain) (0.5, increase(powershare_neighbourhood_imported_joules_total{{{CHAIN}}}[1h]))", "{{chain}}")]),
        graph("Energy fed in", "Energy that the meters counted as fed in, per hour, in settled slots.", "joule",
              [(f"quantile by (chain) (0.5, increase(powershare_neighbourhood_exported_joules_total{{{CHAIN}}}[1h]))", "{{chain}}")]),
        graph("Energy produced", "Energy that the plants produced, per hour, in settled slots.", "joule",
              [(f"quantile by (chain) (0.5, increase(powershare_neighbourhood_produced_joules_total{{{CHAIN}}}[1h]))", "{{chain}}")]),
        row("What is left"),
        graph("No neighbour found, 1 h", "Energy offered (sell) or wanted (buy) that no neighbour took or had.", "joule",
              [(f"quantile by (chain, side) (0.5, increase(powershare_market_residual_energy_joules_total{{{CHAIN}}}[1h]))", "{{chain}} {{side}}")], width=12),
        graph("Clearing price", "Coins per kWh, slot by slot.", "none", [(median("powershare_market_clearing_price"), "{{chain}}")], width=12, decimals=4),
    ], peers=False)


def market():
    return dashboard("powershare-market", "Market and settlement", "Transactions, slots, prices, and whether the books balance.", [
        stat("Imbalance", "Largest sum over all accounts of an asset: anything but 0 is an alarm.", "none",
             [(f"max by (chain) (abs(powershare_settlement_asset_imbalance{{{CHAIN}}}))", "{{chain}}")], thresholds=steps(GREEN, (1e-9, RED))),
        stat("Invariant failures", "Transactions refused because they would have broken the books, since the peers started.", "none",
             [(f"sum by (chain) (powershare_settlement_invariant_failures_total{{{CHAIN}}})", "{{chain}}")], thresholds=steps(GREEN, (1, RED))),
        stat("Slots closed, 1 h", "Market slots closed in the last hour.", "none",
             [(f"quantile by (chain) (0.5, increase(powershare_settlement_slots_closed_total{{{CHAIN}}}[1h]))", "{{chain}}")], thresholds=steps(BLUE), decimals=0),
        stat("Close lag", "Agreed time from the end of the last closed slot to its close.", "s",
             [(median("powershare_settlement_slot_close_lag_seconds"), "{{chain}}")], thresholds=steps(GREEN, (600, YELLOW), (900, RED))),
        stat("Blocks", "Blocks executed per second.", "ops", [(f"chain:powershare_settlement_blocks:rate5m{{{CHAIN}}}", "{{chain}}")], thresholds=steps(BLUE), decimals=2),
        stat("Price", "Coins per kWh of the last slot.", "none", [(median("powershare_market_clearing_price"), "{{chain}}")], thresholds=steps(BLUE), decimals=4),
        row("Transactions"),
        graph("By type", "Transactions executed, by type.", "reqps",
              [(f"quantile by (chain, type) (0.5, sum by (chain, peer, type) (rate(powershare_settlement_transactions_total{{{CHAIN}}}{RATE})))", "{{chain}} {{type}}")]),
        graph("By result", "Applied, rejected (the receipt says why) or duplicate.", "reqps",
              [(f"chain_result:powershare_settlement_transactions:rate5m{{{CHAIN}}}", "{{chain}} {{result}}")]),
        graph("Waiting", "Transactions that wait for a block.", "none",
              [(f"max by (chain) (powershare_consensus_mempool_transactions{{{CHAIN}}})", "{{chain}}")]),
        row("Trade"),
        graph("Coins by venue, 1 h", "Coins paid for energy in the last hour, between neighbours and with the utility.", "none",
              [(f"quantile by (chain, venue) (0.5, increase(powershare_market_coins_traded_total{{{CHAIN}}}[1h]))", "{{chain}} {{venue}}")], decimals=2),
        graph("Energy by venue, 1 h", "Energy traded in the last hour.", "joule",
              [(f"chain_venue:powershare_market_energy_traded_joules:increase1h{{{CHAIN}}}", "{{chain}} {{venue}}")]),
        graph("Mean price by venue, 1 h", "Coins paid per kWh traded in the last hour.", "none",
              [(f"quantile by (chain, venue) (0.5, increase(powershare_market_coins_traded_total{{{CHAIN}}}[1h])) "
                f"/ (chain_venue:powershare_market_energy_traded_joules:increase1h{{{CHAIN}}} / 3.6e6 > 0)", "{{chain}} {{venue}}")], decimals=4),
        row("Execution"),
        graph("Time to execute a block", "In memory, 99 of 100 blocks are faster.", "s",
              [(f"histogram_quantile(0.99, sum by (chain, peer, le) (rate(powershare_settlement_block_apply_duration_seconds_bucket{{{PEER}}}{RATE})))", "{{peer}} p99")], width=12),
        graph("Time to make blocks durable", "One write transaction of the ledger, 99 of 100 are faster.", "s",
              [(f"histogram_quantile(0.99, sum by (chain, peer, le) (rate(powershare_settlement_block_commit_duration_seconds_bucket{{{PEER}}}{RATE})))", "{{peer}} p99")], width=12,
              thresholds=steps(GREEN, (0.5, ORANGE))),
    ])


def metering():
    return dashboard("powershare-metering", "Metering", "From the meter to the ledger: what comes, what is refused, what waits.", [
        stat("Meters missing", "Meters whose readings were incomplete when the last slot was settled.", "none",
             [(median("powershare_metering_missing_meters"), "{{chain}}")], thresholds=steps(GREEN, (1, YELLOW), (5, RED))),
        stat("Acknowledged, 1 h", "Readings that some peer made durable in the last hour.", "none",
             [(f"sum by (chain) (increase(powershare_metering_readings_accepted_total{{{CHAIN}}}[1h]))", "{{chain}}")], thresholds=steps(BLUE), decimals=0),
        stat("In no block yet", "Acknowledged readings that wait for a block, on the peer that has most.", "none",
             [(f"max by (chain) (powershare_metering_inbox_entries{{{CHAIN}}})", "{{chain}}")], thresholds=steps(GREEN, (20000, YELLOW), (150000, RED))),
        stat("Refused, 1 h", "Readings refused in the last hour, whatever the reason.", "none",
             [(f"sum(increase(powershare_metering_readings_rejected_total{{{CHAIN}}}[1h])) or vector(0)", "refused")], thresholds=steps(GREEN, (1, YELLOW)), decimals=0),
        stat("Acknowledgement p99", "99 of 100 readings are acknowledged faster; 50 ms is the promise under load.", "s",
             [(f"histogram_quantile(0.99, sum by (chain, le) (rate(powershare_metering_acknowledge_duration_seconds_bucket{{{CHAIN}}}[5m])))", "{{chain}}")],
             thresholds=steps(GREEN, (0.05, YELLOW), (0.5, RED))),
        stat("Late, 1 h", "Readings that came after their slot was settled; they are settled as a correction.", "none",
             [(f"sum by (chain) (increase(powershare_metering_readings_late_total{{{CHAIN}}}[1h]))", "{{chain}}")], thresholds=steps(GREEN, (1, YELLOW)), decimals=0),
        row("Arrival"),
        graph("Readings acknowledged", "By the peer that took them.", "reqps",
              [(f"sum by (chain, peer) (rate(powershare_metering_readings_accepted_total{{{PEER}}}{RATE}))", "{{peer}}")], stacked=True),
        graph("Sent again", "Readings that came a second time with the same content: normal after outages.", "reqps",
              [(f"sum by (chain, peer) (rate(powershare_metering_readings_duplicate_total{{{PEER}}}{RATE}))", "{{peer}}")]),
        graph("Age on arrival", "Age of the newest reading when it arrived.", "s",
              [(f"powershare_metering_lag_seconds{{{PEER}}}", "{{peer}}")], thresholds=steps(GREEN, (900, ORANGE))),
        row("Refusal"),
        graph("Refused, by reason", "conflict, overlap, bad_signature: a swapped or copied meter. future, before_start: its clock. absurd, negative: its units.", "reqps",
              [(f"sum by (chain, reason) (rate(powershare_metering_readings_rejected_total{{{PEER}}}{RATE})) or vector(0)", "{{chain}} {{reason}}")], width=12),
        graph("Answers at /etms/readings", "Requests of meters by status: 429 and 503 mean that they come again later.", "reqps",
              [(f'sum by (chain, status) (rate(powershare_gateway_requests_total{{{PEER},route="/etms/readings"}}{RATE}))', "{{chain}} {{status}}")], width=12),
        row("Plausibility"),
        stat("In quarantine", "Meters whose energy is settled with the utility until an operator releases them.", "none",
             [(median("powershare_metering_quarantined_meters"), "{{chain}}")], thresholds=steps(GREEN, (1, RED))),
        stat("Disputes", "Readings that a household disputes and nobody has resolved.", "none",
             [(median("powershare_metering_disputes"), "{{chain}}")], thresholds=steps(GREEN, (1, YELLOW))),
        stat("Meters with live power", "Meters whose present power the best informed peer knows.", "none",
             [(f"max by (chain) (powershare_metering_live_meters{{{CHAIN}}})", "{{chain}}")], thresholds=steps(BLUE)),
        graph("Doubts and quarantines", "Alarms about readings that cannot be true, and meters put in quarantine, in an hour.", "none",
              [(f"max by (chain) (increase(powershare_metering_suspicions_total{{{CHAIN}}}[1h]))", "{{chain}} doubts"),
               (f"max by (chain) (increase(powershare_metering_quarantines_total{{{CHAIN}}}[1h]))", "{{chain}} quarantines")], width=12),
        row("On the way to the ledger"),
        graph("In no block yet", "Acknowledged readings that wait for a block.", "none",
              [(f"powershare_metering_inbox_entries{{{PEER}}}", "{{peer}}")], width=12, thresholds=steps(GREEN, (20000, ORANGE))),
        graph("Acknowledgement", "From a reading's arrival to its acknowledgement.", "s",
              [(f"histogram_quantile({q}, sum by (chain, le) (rate(powershare_metering_acknowledge_duration_seconds_bucket{{{PEER}}}{RATE})))", f"{{{{chain}}}} p{int(q * 100)}")
               for q in (0.5, 0.99)], width=12, thresholds=steps(GREEN, (0.05, ORANGE))),
    ])


def power():
    own = f"sum by (chain) (rate(powershare_peer_energy_joules_total{{{CHAIN}}}[5m]))"
    return dashboard("powershare-power", "Power and efficiency", "What flows in the neighbourhood, and what the system itself draws for settling it.", [
        stat("System draws", "Power of all peers' processes of a chain.", "watt",
             [(f"chain:powershare_peer_power_watts:sum{{{CHAIN}}}", "{{chain}}")], thresholds=steps(BLUE), decimals=2),
        stat("A day at this power", "Energy that the peers would use in 24 h. The thesis's servers used 0.648 kWh.", "kwatth",
             [(f"chain:powershare_peer_power_watts:sum{{{CHAIN}}} * 24 / 1000", "{{chain}}")], thresholds=steps(GREEN, (0.648, RED)), decimals=3),
        stat("Per transaction", "Joules per executed transaction, at the present load.", "joule",
             [(f"chain:powershare_energy_per_transaction_joules:ratio5m{{{CHAIN}}}", "{{chain}}")], thresholds=steps(BLUE), decimals=2),
        stat("Per block", "Joules per block, at the present load.", "joule",
             [(f"chain:powershare_energy_per_block_joules:ratio5m{{{CHAIN}}}", "{{chain}}")], thresholds=steps(BLUE), decimals=2),
        stat("Spent per energy traded, 1 h", "Energy of the peers' processes over energy traded between neighbours. The target is below 1 %; the thesis's servers needed 49 %.", "percentunit",
             [(f"chain:powershare_energy_spent_per_energy_traded:ratio1h{{{CHAIN}}}", "{{chain}}")], thresholds=steps(GREEN, (0.01, YELLOW), (0.49, RED)), decimals=4),
        stat("Per kWh traded, 1 h", "Joules that the peers' processes spend per kWh traded between neighbours.", "joule",
             [(f"chain:powershare_energy_spent_per_energy_traded:ratio1h{{{CHAIN}}} * 3.6e6", "{{chain}}")], thresholds=steps(BLUE), decimals=0),
        row("Neighbourhood"),
        graph("Power of the neighbourhood", "Drawn, fed in and produced, from the last settled slot.", "watt",
              [(watts("imported"), "{{chain}} drawn"), (watts("exported"), "{{chain}} fed in"), (watts("produced"), "{{chain}} produced")], width=12),
        graph("Traded with neighbours, 1 h", "Energy that changed hands between neighbours in the last hour.", "kwatth",
              [(f"sum by (chain) ({traded(NEIGHBOURS)}) / 3.6e6", "{{chain}}")], width=12),
        row("System"),
        graph("Power by peer", "CPU time times a configured model, or RAPL where the machine lets a process read it.", "watt",
              [(f"sum by (chain, peer, source) (rate(powershare_peer_energy_joules_total{{{PEER}}}{RATE}))", "{{peer}} ({{source}})")]),
        graph("CPU by peer", "Cores that each process keeps busy.", "none",
              [(f"rate(powershare_peer_cpu_seconds_total{{{PEER}}}{RATE})", "{{peer}}")], decimals=2),
        graph("Power of a chain", "All processes of a chain. The machines around them, idle power included, are not in it.", "watt", [(own, "{{chain}}")]),
        graph("Energy per transaction", "Falls with the load: what a process spends at rest is spread over more transactions.", "joule",
              [(f"chain:powershare_energy_per_transaction_joules:ratio5m{{{CHAIN}}}", "{{chain}}")], width=12),
        graph("Spent per energy traded", "Over the last hour; the line is the target.", "percentunit",
              [(f"chain:powershare_energy_spent_per_energy_traded:ratio1h{{{CHAIN}}}", "{{chain}}")], width=12, thresholds=steps(GREEN, (0.01, RED))),
    ])
