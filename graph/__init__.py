"""Mathematics: who can help whom, the best linkage of all, and why. Plain values in, plain values out.

values                                    needs, offers, plans: what goes in and comes out
rules, score                              the law of one pair: obstacles with remedies, parts with reasons
columns, candidates, parts, eligible      the same law on arrays; who can meet whom, at any size
market, stages, solver                    the flow problem of a plan, its aims in order, min-cost flow
minimums, semicontinuous, branching, milp minimum quantities and whole needs, exactly
solving, allocation                       a plan of an instance: part by part, then put together
proof, checker, audit, audit_file, audit_check     is it right and is it best? with no part of the solver
alternatives, choices, shortfalls, bottlenecks, fragility     why this, why not that, what would help, what is frail
standing (and standing_*), keeping (and keeping_*)            a plan kept optimal while needs and offers change
teams, team_reasons, cover                who together covers what is asked and every role
linkage, walks, partners, layout, picture the linkage network: whom to team up with, and how to draw it
backend, network, simplex, exact, links, prediction, pagerank     networkx's functions on compiled solvers
"""
