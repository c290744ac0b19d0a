//! Attacks, each a test that fails where the defence is taken out: the attacker gets nothing, the
//! operator sees one line, everybody else notices nothing. Those that go through a real broker and real
//! agents are in the files beside this one; many others are next to the code that they attack. A test
//! below looks whether all of these exist.
//!
//! | attack | tests |
//! |---|---|
//! | a node's certificate sends a request | `it::attacks::node::it_may_not_command_listen_in_or_speak_for_others` `security::pki::a_nodes_certificate_does_not_command` |
//! | a node answers for another | `it::attacks::node::an_answer_in_anothers_name_is_none` `it::attacks::node::answers_in_anothers_name_are_told_and_counted` `security::pki::nobody_answers_for_another` |
//! | a node speaks for the broker | `it::attacks::node::a_list_of_who_is_connected_is_the_brokers_alone` |
//! | a node subscribes to another's address, a client's replies, everything | `it::attacks::node::it_may_not_command_listen_in_or_speak_for_others` `it::attacks::node::a_wild_card_hears_nothing` |
//! | a client reads another's replies, or squats on their address | `it::attacks::client::it_may_not_read_anothers_replies` `it::attacks::client::it_may_not_squat_on_an_address_that_another_will_need` `broker::router::a_reply_address_belongs_to_who_subscribed_first_while_it_lives` |
//! | a request again, to the same node, by another way, after a restart | `it::attacks::replay::to_the_same_node_by_any_way_and_after_a_restart` `security::replay::nothing_is_admitted_twice` `security::replay::what_may_have_run_before_the_start_does_not_run` |
//! | a request again, with another target, filter, collective, reply address | `it::attacks::replay::to_a_node_or_in_a_collective_that_was_not_meant` `security::pki::no_byte_can_be_changed` |
//! | many requests push others out of what is remembered | `security::replay::one_caller_can_not_push_out_anothers_requests` |
//! | the clock is set back, or the longest life raised | `security::replay::a_clock_that_is_set_back_neither_blocks_nor_repeats` `security::replay::a_longer_life_of_requests_does_not_revive_the_forgotten` |
//! | a reply passed off for another request | `security::pki::a_reply_to_another_request_is_told` |
//! | changed agent, ttl, time | `it::attacks::forgery::with_anything_changed` `security::pki::nothing_can_be_spliced` |
//! | from the future, the past, for ten years | `it::attacks::forgery::with_another_time_or_life` `security::replay::a_request_has_its_time` |
//! | a request held back until nobody waits | `it::late::a_node_that_was_paused_does_not_run_what_nobody_waits_for` |
//! | a certificate of another CA, expired, revoked, not yet valid, of another name or purpose, a leaf as CA | `security::pki::certificates_have_to_hold` `security::pki::a_remembered_chain_still_expires` `security::pki::a_revocation_counts_from_the_next_reload` `it::attacks::forgery::by_the_wrong_key` |
//! | the same on a connection | `tls::another_authority_is_refused_on_both_sides` `tls::expired_certificates_are_refused_on_both_sides` `tls::revoked_certificates_are_refused_on_both_sides` `tls::a_node_certificate_is_no_server` `it::broker_reload::a_revoked_certificate_ends_its_sessions_at_a_signal` |
//! | a forged or old revocation list | `tls::a_forged_list_lets_nobody_in_or_out_silently` `tls::the_newest_revocation_list_counts_wherever_it_stands` `tls::a_list_of_another_authority_changes_nothing` |
//! | confusion of `alg`, none at all, one kind of message for another | `security::pki::the_algorithm_is_the_keys_and_no_other` `security::pki::no_signature_is_no_signature` `security::pki::one_kind_of_message_is_not_another` |
//! | an oversized `x5c`, deep JSON, doubled keys, other spellings | `security::pki::the_header_is_exactly_alg_typ_x5c` `security::pki::what_is_too_large_is_neither_made_nor_taken` `security::pki::the_payload_is_read_strictly` `security::pki::one_message_has_one_spelling` |
//! | a commander's certificate issued by the nodes' CA where pins or a CA of the callers are set | `security::pki::a_pin_is_worth_more_than_the_authority` `security::pki::callers_may_have_an_authority_of_their_own` |
//! | from `pki` down to something weaker | `config::tests::every_fault_of_a_server_is_said_at_once` |
//! | a name that a login claims, and a login without a certificate | `broker::tls_tests::roles_follow_the_certificate_not_the_login` `broker::tls_tests::nobody_comes_in_without_a_certificate` |
//! | another application's rights | `it::policy::two_applications_have_two_sets_of_rights` |
//! | a policy that is misread | `mcorpc::policy::tests::doubt_denies` `mcorpc::policy::tests::a_line_that_is_no_rule_never_opens` `agent::authorise::what_cannot_be_read_denies` |
//! | floods of connections, half-open handshakes | `it::limits::connections_beyond_the_limit_are_closed_at_once` `it::limits::connections_of_one_address_are_limited` `it::limits::handshakes_wait_for_their_turn_and_dawdlers_do_not_keep_them_waiting` `it::attacks::flood::handshakes_that_stop_half_way_keep_nobody_of_another_address_waiting` `it::limits::who_says_nothing_or_half_a_word_takes_no_turn` `it::limits::a_handshake_or_a_connect_that_never_comes_ends_a_connection` `it::attacks::flood::what_is_refused_again_and_again_has_few_lines_and_is_counted` |
//! | slow frames, endless headers, a body of a gigabyte | `it::attacks::flood::a_frame_that_drips_in_or_claims_to_be_endless_is_not_waited_for` `it::limits::a_large_body_that_never_ends_gives_its_share_back` `it::limits::too_many_or_too_large_headers_end_their_session` `it::limits::a_frame_that_is_too_large_ends_its_session` |
//! | storms of NULs, headers in headers | `it::attacks::flood::a_storm_of_nuls_ends_its_own_session_and_nothing_else` `it::attacks::flood::a_header_can_not_smuggle_another` `it::limits::bytes_that_are_no_stomp_end_their_session` |
//! | replies of a megabyte from everybody, abuse of reply addresses | `it::attacks::flood::replies_of_one_node_do_not_crowd_out_those_of_others` `it::limits::a_queue_a_node_and_all_queues_hold_so_many_bytes` `it::limits::a_client_that_stopped_reading_holds_up_its_senders_only_so_long` |
//! | reply addresses by which nodes would be cut off | `it::attacks::client::it_may_not_have_nodes_send_where_they_may_not` `broker::session::an_answer_to_other_collectives_goes_nowhere_and_ends_no_nodes_session` |
//! | queues and subscriptions without end | `it::limits::there_are_only_so_many_queues` `it::limits::subscriptions_of_one_connection_are_limited` `it::limits::a_node_that_does_not_read_is_cut` |
//! | filters made to ask for long, or for what policies deny | `it::attacks::questions::a_filter_that_asks_for_long_keeps_nobody_waiting` `it::attacks::questions::a_filter_asks_nothing_that_an_action_may_not` |
//! | floods of requests at a node | `agent::runner::when_answers_pile_up_requests_are_refused_and_at_last_dropped` `agent::dispatch::beyond_the_cap_calls_are_refused_at_once` `sys::refusals::a_flood_has_some_lines_and_a_number` |
//! | regexes and filters that burn the processor | `it::attacks::content::filters_that_burn_the_processor` |
//! | YAML bombs, circles, depth | `node::facts::yaml::bombs_are_refused` `node::facts::yaml::depth_and_circles_are_refused` |
//! | inputs that are options, paths, commands, lines, NULs, huge numbers | `it::attacks::content::inputs_that_are_something_else` `node::package::name::what_a_manager_could_misread_is_no_name` `node::service::name::what_an_init_system_could_misread_is_no_name` |
//! | escape sequences to the terminal | `it::attacks::terminal::escape_sequences_are_shown_and_not_obeyed` `cli::render::out::a_node_cannot_drive_the_terminal` `it::attacks::terminal::a_name_on_the_wire_neither_steers_a_terminal_nor_ends_a_line` `text::nothing_steers_a_terminal_or_ends_a_line` |
//! | links, FIFOs and devices in the place of files | `sys::journal::what_others_put_in_its_place_is_refused_and_left_alone` `node::puppet::lock::whatever_is_in_its_place_is_a_lock_but_for_a_link_that_leads_nowhere` `agent::authorise::what_cannot_be_read_denies` `tls::authority::root_writes_there_as_the_owner_and_is_led_nowhere` `sys::owner::files_are_made_as_the_owner_and_nobody_elses_are_touched` `sys::file::what_is_no_regular_file_is_refused_at_once` `sys::file::a_new_file_never_replaces_one` `sys::file::a_file_over_the_limit_is_refused_without_reading_it` |
//! | keys that others can read, configurations, policies and certificates that they can change | `it::errors::check_config_tells_what_others_can_read_or_change` `config::guard::what_is_open_to_whom_is_said_with_its_cure` |
//! | an audit that is full, filled or forged | `it::audit::a_full_disk_stops_what_has_to_be_noted_and_nothing_is_half_written` `agent::runner::a_decision_is_on_record_before_the_action_runs` `sys::journal::one_record_is_one_line_for_its_owner_alone` |
//! | secrets read over `rpcutil`, from logs or audits | `it::attacks::content::secrets_of_the_configuration` `config::tests::secrets_are_never_said` `mcorpc::ddl::redact::what_is_declared_or_named_a_secret_is_not_shown` |
//! | join tokens stolen, used again, guessed, for a reserved name or everybody's | `tls::authority::a_token_counts_as_long_as_often_and_for_whom_it_was_made` `tls::authority::without_the_secret_or_on_another_connection_nobody_learns_anything` `tls::authority::nobody_takes_the_name_of_another_or_of_those_who_command` `tls::names::what_every_machine_calls_itself_is_no_machines_name` `it::enrolment::a_token_gives_nothing_but_what_it_says` |

mod client;
mod content;
mod flood;
mod forgery;
mod node;
mod questions;
mod replay;
mod site;
mod terminal;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where a module's tests may be: in its own file, or in one beside it.
fn files(module: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = match module.strip_prefix("it::") {
        Some(module) => root.join("tests/it").join(module.replace("::", "/")),
        None => root.join("src").join(module.replace("::", "/")),
    };
    vec![
        path.with_extension("rs"),
        path.join("mod.rs"),
        path.join("tests.rs"),
    ]
}

fn is_a_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        ["fn ", "async fn "]
            .iter()
            .filter_map(|begin| line.strip_prefix(begin))
            .any(|rest| rest.starts_with(&format!("{name}(")))
    };
    let Some(at) = lines.iter().position(|line| is_it(line)) else {
        return false;
    };
    let attributes = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#["));
    attributes
        .into_iter()
        .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[test]
fn every_attack_has_its_tests() {
    let table = include_str!("mod.rs");
    let rows = table.lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut count = 0;
    for row in rows.skip(1) {
        let (attack, tests) = row.split_once(" | ").unwrap();
        let tests = tests.trim_end_matches(" |").split_whitespace();
        for test in tests.map(|test| test.trim_matches('`')) {
            let (module, name) = test.rsplit_once("::").unwrap();
            let found = files(module)
                .iter()
                .any(|file| fs::read_to_string(file).is_ok_and(|text| is_a_test(&text, name)));
            assert!(found, "{attack}: there is no test {test}");
            count += 1;
        }
    }
    assert!(count > 70, "{count}");
}
