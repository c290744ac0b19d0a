//! What `mco --help` and `man mco` say beside the options. A line that ends in a colon begins a
//! section of the manual page.

/// Under `mco -h`.
pub(super) const BRIEF: &str =
    "Type `mco help` for a list of applications and `mco help APPLICATION` for one of them.";

/// Under `mco --help`, and in `man mco`.
pub(super) const MCO: &str = "\
How options are given:
  They may stand anywhere after the application's name, be shortened to a unique
  prefix, and have `_` for `-`. `--` ends them. Of an option that is given twice the
  last counts, but for filters, which add up. `mco help APPLICATION` lists them.

Output:
  -o text     for people, each result as it comes (the default)
  -o json     one document at the end: how every node ended, counts, summaries
  -o jsonl    an object on a line for each answer as it comes, and a summary
  -o table    a row for each node, a column for each output
  -o senders  the names of the nodes that answered
  -o yaml     the document of json as YAML
  -j          the array that the original prints; where it had none, as -o json

  json, jsonl, senders, -j and what `find` prints can be piped into another mco, or into
  `--nodes -`, to ask the same nodes. Control characters that nodes send are escaped.

Document:
  schema        1; fields may be added, and what is there keeps its meaning
  application   ping, find, rpc, facts, inventory ...
  broker        by which broker the fleet was seen
  request       id, collective, agent, action, data, filter
  ended         complete, interrupted, terminated or max_fail
  stats         nodes, replies, ok, failed, no_response, not_asked, not_matching,
                unexpected, rejected, started, discovery_ms, request_ms
  aggregates    output, title, and counts (value, count), number or error
  replies       sender, outcome, statuscode, statusmsg, data, agent, action, ms
  no_response   sender, reason: not_connected, timeout, disconnected, restarted,
                undiscovered, interrupted
  not_asked     names of nodes that were left out
  unexpected    as replies, of nodes that were not addressed

  An outcome is ok, failed, denied, invalid, timeout, still_running, no_agent or refused.

Exit codes:
  0     every addressed node answered ok (find: at least one node)
  1     no node matched, or the operator said no
  2     some node failed, was denied, timed out, or did not answer
  3     nodes were discovered and none answered
  4     no discovery was made and none answered
  64    the command line is wrong
  69    the broker can't be reached, or was lost before it told who was asked
  70    the program itself failed
  77    refused: TLS, password, authorisation
  78    the configuration is wrong, or switched off
  130   interrupted: what had arrived was shown
  143   terminated: what had arrived was shown

  With `--exit-codes legacy` those from 64 on are 1, an interrupted wait is 3 or 4,
  and silence of some nodes is 0.

Environment:
  MCOLLECTIVE_EXTRA_OPTS  options for every call; those that are typed win
  NO_COLOR                no colours; `--color always` wins
  CLICOLOR_FORCE          colours in pipes, too
  COLUMNS                 the width of the window

Files:
  ~/.mcollective, /etc/puppetlabs/mcollective/client.cfg, /etc/mcollective/client.cfg,
  ~/.config/mcollective/client.cfg
                          the configuration: the first that can be read
  plugin.d/*.cfg          beside it: settings of plugins
  ~/.local/state/mcollective/untouched/
                          nodes that the last calls left out, for `--nodes`
  ~/.cache/mcollective/names/
                          names of nodes, facts and classes that were seen, for completion

Examples:
  mco ping
  mco find -F country=de
  mco rpc rpcutil get_fact fact=os.release.full -C role::web
  mco rpc rpcutil ping -j | mco rpc rpcutil get_fact fact=role
  mco facts os.family -o table
  mco inventory web1.example.net";
