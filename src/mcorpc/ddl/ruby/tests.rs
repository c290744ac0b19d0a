//! What DDLs are written in, what is refused and where, and that what is written is read again.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mcorpc::ddl::{
    Action, Aggregate, Display, Input, InputType, Metadata, Output, Query, Validation, builtin,
};

const METADATA: &str = "metadata :name => 'x', :description => 'd', :author => 'a', :license => 'l', \
                        :version => '1', :url => 'u', :timeout => 5\n";

fn agent(text: &str) -> Result<Ddl, String> {
    read(Kind::Agent, "x", &format!("{METADATA}{text}")).map_err(|error| error.to_string())
}

/// The default of the only output, which says what a value is read as.
fn value(text: &str) -> Result<serde_json::Value, String> {
    let text = format!(
        "action 'a', :description => 'd' do\noutput :o, :description => 'd', :display_as => 'o', :default => {text}\nend"
    );
    Ok(agent(&text)?.actions[0].outputs[0]
        .default
        .clone()
        .unwrap_or_default())
}

/// The only input, from what stands between its description and `:optional`.
fn kind(text: &str) -> Result<InputType, String> {
    let text = format!(
        "action 'a', :description => 'd' do\ninput :i, :prompt => 'p', :description => 'd', {text}, :optional => true\nend"
    );
    Ok(agent(&text)?.actions[0].inputs[0].kind.clone())
}

/// An agent's DDL in everything that they are written in.
const EXAMPLE: &str = r##"# A comment, with 'quotes'
metadata    :name        => "Examples",
            :description => 'It\'s ' \
                            "two texts",
            :author      => "A. Author <a@example.net>", # behind a comma
            :license     => "Apache-2.0",

            :version     => 1.5,
            :url         => "https://example.net/#top",
            :timeout     => 2 * 30

requires :mcollective => "2.2.1"

usage <<-END_OF_USAGE
  Use it
    well #{1 + 1}
  END_OF_USAGE

=begin
action "commented", :description => "out"
=end

%w[start stop].each do |act|
  action act, :description => "#{act.capitalize} it" do
    display :always

    input :what,
          :prompt      => "What",
          :description => "What to #{act}",
          :type        => :string,
          :validation  => /^[\w\/]+$/i,
          :maxlength   => 90,
          :optional    => false

    if act == 'stop'
      input :how, prompt: "How", description: "How to", type: :list, "list": ["now", 'later'],
            optional: true, default: "now"
    else
      output :started, :description => "When", :display_as => "When", :default => -1
    end

    output :state,
           {:description => "State after #{act.sub(/p$/, 'pp')}ing",
            :display_as  => :State.to_s}

    if respond_to?(:summarize)
      summarize do
        aggregate summary(:state)
        aggregate boolean_summary(:started, {:true => "yes", :false => "no"})
        aggregate average(:state, :format => "Mean: %0.2f"), :format => "ignored"
      end
    end
  end
end

action("bare", {:description => "Has nothing"})
__END__
anything goes here: (
"##;

#[test]
fn a_whole_file_is_read() {
    let ddl = read(Kind::Agent, "examples", EXAMPLE).unwrap();
    let metadata = Metadata {
        name: "Examples".into(),
        description: "It's two texts".into(),
        author: "A. Author <a@example.net>".into(),
        license: "Apache-2.0".into(),
        version: "1.5".into(),
        url: "https://example.net/#top".into(),
        timeout: 60,
    };
    let mut expected = Ddl::new(Kind::Agent, metadata).usage("  Use it\n    well 2\n");
    expected.name = "examples".into();
    expected.requires = Some("2.2.1".into());
    for (act, title, ing) in [
        ("start", "Start it", "starting"),
        ("stop", "Stop it", "stopping"),
    ] {
        let mut action = Action::new(act, title).always().input(Input::new(
            "what",
            "What",
            &format!("What to {act}"),
            InputType::matching(r"(?i:^[\w/]+$)", 90),
        ));
        if act == "stop" {
            let how = InputType::one_of(&["now", "later"]);
            action = action.input(Input::new("how", "How", "How to", how).optional().or("now"));
        } else {
            action = action.output_or("started", "When", "When", -1);
        }
        expected = expected.action(
            action
                .output("state", &format!("State after {ing}"), "State")
                .summarize(Aggregate::summary("state"))
                .summarize(Aggregate::boolean_summary("started", "yes", "no"))
                .summarize(Aggregate::average("state").format("Mean: %0.2f")),
        );
    }
    expected = expected.action(Action::new("bare", "Has nothing"));
    assert_eq!(ddl, expected);
    let windows = EXAMPLE.replace('\n', "\r\n");
    assert_eq!(
        read(Kind::Agent, "examples", &windows).unwrap().actions,
        ddl.actions
    );
    assert!(read(Kind::Agent, "examples", &format!("\u{feff}{EXAMPLE}")).is_ok());
}

#[test]
fn every_literal_is_read() {
    for (text, expected) in [
        (
            r#""a\tb\n\"c\" \u00e9 \u{1f600 41} \x41\101 \#{x} \q""#,
            json!("a\tb\n\"c\" é 😀A AA #{x} q"),
        ),
        (r"'a\tb \' \\'", json!(r"a\tb ' \")),
        ("'a' \"b\"", json!("ab")),
        ("'a' + \"b\"", json!("ab")),
        ("\"a\\\nb\"", json!("ab")),
        ("%q(it's (nested))", json!("it's (nested)")),
        ("%Q[#{1 + 2}]", json!("3")),
        ("%(x)", json!("x")),
        ("%w(a b\n c)", json!(["a", "b", "c"])),
        ("%i[a b]", json!(["a", "b"])),
        (":sym", json!("sym")),
        (":\"a b\"", json!("a b")),
        ("nil", json!(null)),
        ("true", json!(true)),
        ("false", json!(false)),
        ("1_000", json!(1000)),
        ("0x1f", json!(31)),
        ("0b11", json!(3)),
        ("017", json!(15)),
        ("-7", json!(-7)),
        ("10 * 1024 + 2", json!(10242)),
        ("2 + 3 * (4 - 1)", json!(11)),
        ("-1.5", json!(-1.5)),
        ("1e3", json!(1000.0)),
        ("2.5e-1", json!(0.25)),
        ("[1, 'a', [nil], # comment\n ]", json!([1, "a", [null]])),
        ("[1, :a => 2]", json!([1, {"a": 2}])),
        ("{}", json!({})),
        (
            "{:a => 1, b: [2], \"c\": 3, 'd' => {'e' => nil}}",
            json!({"a": 1, "b": [2], "c": 3, "d": {"e": null}}),
        ),
        ("'x'.freeze", json!("x")),
        ("'some_text'.sub('_', ' ').upcase", json!("SOME TEXT")),
        (r"'a.b.c'.gsub(/\.(.)/, '-\1')", json!("a-b-c")),
        ("'a$b'.gsub('$', '$0')", json!("a$0b")),
        ("'yum_clean'[4..-1]", json!("clean")),
        ("'abc'[0...2]", json!("ab")),
        ("'abc'[9..10]", json!(null)),
        ("['a', 'b'].join('-')", json!("a-b")),
        ("['a', 'b'].include?('b') && 'yes' || 'no'", json!("yes")),
        ("!nil", json!(true)),
        ("1 == 1.0 - 0", json!(false)),
        ("\"#{:sym} #{nil} #{1.0} #{true}\"", json!("sym  1.0 true")),
        ("<<X\na #{1}\nX\n", json!("a 1\n")),
        ("<<-'X'\n a \\n #{1}\n X\n", json!(" a \\n #{1}\n")),
        ("<<~X.strip\n  a\n    b\n\n  X\n", json!("a\n  b")),
    ] {
        assert_eq!(value(text), Ok(expected), "{text}");
    }
}

#[test]
fn two_texts_may_begin_on_one_line() {
    let ddl =
        agent("action 'a', :description => <<A + <<-B do\none\nA\n two\n B\n display :ok\nend")
            .unwrap();
    assert_eq!(ddl.actions[0].description, "one\n two\n");
    assert_eq!(ddl.actions[0].display, Display::Ok);
}

#[test]
fn every_type_is_read() {
    let string = |validation, maxlength| InputType::String {
        validation,
        maxlength,
    };
    for (text, expected) in [
        (
            ":type => :string, :validation => '^a$', :maxlength => 3",
            InputType::matching("^a$", 3),
        ),
        (
            ":type => 'string', :validation => '^a$', :maxlength => '3'",
            InputType::matching("^a$", 3),
        ),
        (":type => 'string'", InputType::Validator("string".into())),
        (
            ":type => :string, :validation => /a/, :maxlength => 0",
            InputType::matching("a", 0),
        ),
        (
            ":type => :string, :validation => /a/mi, :maxlength => 0",
            InputType::matching("(?mi:a)", 0),
        ),
        (
            ":type => :string, :validation => %r{^/a}, :maxlength => 0",
            InputType::matching("^/a", 0),
        ),
        (
            ":type => :string, :validation => :shellsafe, :maxlength => 9",
            InputType::text("shellsafe", 9),
        ),
        (
            ":type => :string, :validation => ['a', :b], :maxlength => 9",
            string(Validation::OneOf(vec!["a".into(), "b".into()]), 9),
        ),
        (
            ":type => :string, :validation => nil, :maxlength => nil",
            InputType::matching("", 0),
        ),
        (
            ":type => :list, :list => [:a, 'b', 3]",
            InputType::one_of(&["a", "b", "3"]),
        ),
        (":type => :boolean", InputType::Boolean),
        (":type => :integer", InputType::Integer),
        (":type => :float", InputType::Float),
        (":type => :number", InputType::Number),
        (":type => :Array", InputType::Array),
        (":type => :hash", InputType::Hash),
        (
            ":type => :service_name",
            InputType::Validator("service_name".into()),
        ),
        // The later of two counts, as in Ruby.
        (":type => :integer, :type => :float", InputType::Float),
    ] {
        assert_eq!(kind(text), Ok(expected), "{text}");
    }
}

#[test]
fn other_kinds_have_their_own_statements() {
    let text = format!(
        "{METADATA}dataquery :description => 'Looks' do\n  input :query, :prompt => 'P', :description => 'D', \
         :type => :string, :validation => /./, :maxlength => 20\n  [:a, :b].each {{ |item|\n    output item, \
         :description => \"The #{{item}}\", :display_as => item.to_s.capitalize\n  }}\nend"
    );
    let query = Query::new("Looks")
        .input("P", "D", InputType::matching(".", 20))
        .output("a", "The a", "A")
        .output("b", "The b", "B");
    assert_eq!(read(Kind::Data, "x", &text).unwrap().query, Some(query));
    let text = format!("{METADATA}discovery do\n  capabilities [:classes, :facts], :agents\nend");
    let found = read(Kind::Discovery, "x", &text).unwrap().capabilities;
    assert_eq!(found, ["classes", "facts", "agents"]);
    assert_eq!(read(Kind::Validator, "v", METADATA).unwrap().name, "v");
}

#[test]
fn loops_conditions_and_variables_are_carried_out() {
    let ddl = agent(
        "names = %w[a b]\nmore = names + ['c']\n(1..2).each do |n|\n  more.each do |name|\n    next_name = \"#{name}#{n}\"\n    \
         action next_name, :description => 'd' unless name == 'b'\n  end\nend\n\
         {:x => 'ex', :y => 'why'}.each do |key, text|\n  action key.to_s, :description => text\nend\n\
         if names[0] == 'z' then action 'z', :description => 'd'\nelsif not names.include?('a')\n action 'y', :description => 'd'\n\
         else action 'else', :description => 'd' if respond_to?(:action) and !respond_to?(:system); end",
    )
    .unwrap();
    let names: Vec<&str> = ddl
        .actions
        .iter()
        .map(|action| action.name.as_str())
        .collect();
    assert_eq!(names, ["a1", "c1", "a2", "c2", "x", "y", "else"]);
    assert_eq!(ddl.actions[5].description, "why");
}

#[test]
fn an_action_that_is_declared_again_goes_on() {
    let ddl = agent(
        "action 'a', :description => 'first' do\n output :o, :description => 'd', :display_as => 'O'\nend\n\
         action :a, :description => 'second' do\n output :o, :description => 'e', :display_as => 'P'\n \
         output :p, :description => 'e', :display_as => 'P', :default => nil\nend",
    )
    .unwrap();
    let action = Action::new("a", "first")
        .output("o", "e", "P")
        .output("p", "e", "P");
    assert_eq!(ddl.actions, [action]);
}

#[test]
fn a_format_behind_the_function_counts_too() {
    let text = |aggregate: &str| {
        let text = format!(
            "action 'a', :description => 'd' do\nsummarize {{ aggregate {aggregate} }}\nend"
        );
        agent(&text).map(|ddl| ddl.actions[0].aggregates[0].clone())
    };
    assert_eq!(text("sum :x"), Ok(Aggregate::new("sum", "x")));
    assert_eq!(
        text("sum(:x), :format => '%d'"),
        Ok(Aggregate::new("sum", "x").format("%d"))
    );
    assert_eq!(text("chart('x')"), Ok(Aggregate::new("chart", "x")));
    assert!(text("summary(:x, 1)").is_err());
    assert!(text("summary").is_err());
    assert!(text(":x").is_err());
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn faults_say_where_and_what() {
    let input = "input :i, :prompt => 'p', :description => 'd'";
    for (text, expected) in [
        (
            "require 'json'",
            "2:1: `require` is Ruby that is not carried out here",
        ),
        (
            "class X; end",
            "2:1: `class` is Ruby that is not carried out here",
        ),
        ("x = `id`", "2:5: programs are not run from a DDL"),
        (
            "x = File.read('/etc/passwd')",
            "2:5: `File.read('/etc/passwd')` is Ruby's own and not known here",
        ),
        (
            "x = \"#{ENV['HOME']}\"",
            "2:8: `ENV['HOME']}\"` is Ruby's own",
        ),
        ("x = @y", "2:5: there are no variables of this kind"),
        (
            "x = system('id')",
            "2:5: there is no variable and no function `system`",
        ),
        (
            "system 'id'",
            "2:1: `system` is no statement of a DDL of kind agent",
        ),
        (
            "x = 'a'.send(:id)",
            "2:8: the method `send` of a text is not known here",
        ),
        (
            "[1].map { |x| x }",
            "2:1: the only method that a statement can begin with is `each`",
        ),
        ("foo.bar", "2:1: there is no variable `foo`"),
        (
            "actoin 'a', :description => 'd'",
            "2:1: `actoin` is no statement of a DDL of kind agent: did you mean `action`?",
        ),
        (
            "input :i",
            "2:1: `input` belongs in the block of an `action`",
        ),
        (
            "capabilities :facts",
            "2:1: `capabilities` is no statement of a DDL of kind agent: it has metadata",
        ),
        (
            "action 'a', :descripton => 'd'",
            "2:1: `action a` lacks `:description` (`:descripton` may be meant)",
        ),
        ("action 'a' do\nend", "2:1: `action a` lacks `:description`"),
        (
            "action :description => 'd'",
            "2:1: `action` is written `action \"name\", :description => \"text\" do`",
        ),
        (
            "action 'a', :description => 'd'\ndo\nend",
            "3:1: this `do` stands alone",
        ),
        (
            "action 'a', :description => 'd' do\n",
            "2:33: the file ends, and what begins here still lacks its `end`",
        ),
        (
            "action 'a', :description => 'd' do\nend\nend",
            "4:1: this `end` closes nothing",
        ),
        (
            "action 'a', :description => 'd' {\n}",
            "2:33: expected the end of the line, found `{`",
        ),
        (
            "action 'a', :description => 'd' do\n display :none\nend",
            "3:2: `display` is :ok, :failed or :always",
        ),
        (
            "action 'a', :description => 'd' do\n  action 'b', :description => 'd'\nend",
            "3:3: `action` does not belong here, but outside every block",
        ),
        (
            &format!("action 'a', :description => 'd' do\n {input}\nend"),
            "3:2: `input i` lacks `:optional`",
        ),
        (
            &format!(
                "action 'a', :description => 'd' do\n {input}, :optional => true, :type => :string, :maxlength => 1\nend"
            ),
            "3:2: `input i` lacks `:validation`",
        ),
        (
            &format!(
                "action 'a', :description => 'd' do\n {input}, :optional => true, :type => :string, :validation => 5, :maxlength => 1\nend"
            ),
            "3:86: `:validation` is a regular expression, a validator's name or a list, not a number",
        ),
        (
            "action 'a', :description => 'd' do\n input :i,\n  :prompt => 'p'\n  :description => 'd'\nend",
            "5:3: this belongs to nothing; is a comma missing at the end of the line before?",
        ),
        ("'text'", "2:1: a value by itself declares nothing"),
        ("x = [1, 2", "2:5: what is opened here is not closed by ]"),
        ("x = [1 2]", "2:8: expected , or ], found `2]`"),
        (
            "x = 'abc",
            "2:5: the text that begins here is not ended by '",
        ),
        ("x = \"a#{1\"", "2:10: expected } after the value in #{...}"),
        (
            "x = <<END\nabc",
            "2:5: the text that `END` is to end never ends",
        ),
        (
            "x = 1 +",
            "2:8: expected a value, found the end of the file",
        ),
        ("x = 09", "2:5: `09` is not a number"),
        ("x = :", "2:5: a symbol is written `:name`"),
        ("x = {1}", "2:6: expected `key => value` in a hash"),
        ("x = 'a' - 'b'", "2:5: a text and a text can't be joined so"),
        ("x = 1 / 0", "2:5: a number and a number can't be joined so"),
        (
            "x = 9223372036854775807 + 1",
            "2:5: a number and a number can't be joined so",
        ),
        ("x = \"#{[1]}\"", "2:8: a list can't be put into a text"),
        (
            "x = \"\\xff\"",
            "2:7: an escape by number must be of an ASCII character",
        ),
        (
            "(1..9999).each { }",
            "2:2: each needs a list, of at most 1000 items",
        ),
        (
            "requires :ruby => '2'",
            "2:10: only a version of mcollective can be required",
        ),
        (
            "requires :mcollective => '2.13.0'",
            "2:10: it requires MCollective 2.13.0 or newer, and this program does what 2.12.5 did",
        ),
        ("usage 5", "2:1: `usage` is written `usage \"text\"`"),
        ("display(:ok) { }", "2:1: `display` takes no block"),
        (
            "x = 5; %w[a].each { |a, b| }",
            "2:8: the items of this list have no parts",
        ),
    ] {
        let error = agent(text).unwrap_err();
        assert!(
            error.starts_with(expected),
            "{text}\n  gives {error}\n  not   {expected}"
        );
    }
    let error = read(Kind::Agent, "x", "").unwrap_err().to_string();
    assert!(error.starts_with("1:1: there is no `metadata`"), "{error}");
    let error = read(Kind::Agent, "x", "metadata :name => 'é', :author => []");
    assert_eq!(
        error.unwrap_err().to_string(),
        "1:1: `metadata` lacks `:description`"
    );
}

/// However small a file is, what it comes to is bounded, and so is the stack.
#[test]
fn no_file_makes_much_of_little() {
    for text in [
        format!("x = {}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("x = {}1", "-".repeat(10_000)),
        format!("x = {}1", "!".repeat(10_000)),
        format!("x = 1{}", "+1".repeat(100_000)),
        format!("x = 'a'{}", ".to_s".repeat(100_000)),
        format!("x = {}", "\"#{".repeat(10_000)),
        "if 1\n".repeat(10_000),
        "action 'a', :description => 'd' do\n".repeat(10_000),
        format!("x = 'a'\n{}", "x = x + x\n".repeat(100)),
        format!("x = [1]\n{}", "x = [x, x]\n".repeat(100)),
        format!("x = 'a'\n{}", "x = \"#{x}#{x}\"\n".repeat(100)),
        format!("x = 'a'\n{}", "x = x.gsub(/a/, 'aaaaaaaaaa')\n".repeat(100)),
        format!(
            "l = (1..1000)\n{}{}",
            "l.each { |x| ".repeat(10),
            "}".repeat(10)
        ),
        "usage <<-A\n".repeat(1000),
    ] {
        let shown: String = text.chars().take(40).collect();
        assert!(agent(&text).is_err(), "{shown}");
    }
}

#[test]
fn the_compiled_in_are_written_and_read() {
    for ddl in builtin::agents() {
        let text = write(ddl);
        // The original has no word for what is left to go on.
        let mut known = ddl.clone();
        for action in &mut known.actions {
            action.on_timeout = super::super::OnTimeout::default();
        }
        assert_eq!(
            read(ddl.kind, &ddl.name, &text).as_ref(),
            Ok(&known),
            "{text}"
        );
    }
}

fn any_text() -> impl Strategy<Value = String> {
    r#"[a-z "'\\#\{\}\n\t:/é$]{0,12}"#
}

fn any_input() -> impl Strategy<Value = Input> {
    let kind = prop_oneof![
        Just(InputType::Boolean),
        Just(InputType::Array),
        prop::collection::vec(any_text(), 0..3).prop_map(InputType::List),
        "[a-z_]{1,9}"
            .prop_filter("no type", |name| Validation::Named(name.clone())
                != Validation::Named(String::new()))
            .prop_map(|name| InputType::Validator(format!("v_{name}"))),
        (any_text(), 0..99_usize).prop_map(|(text, most)| InputType::matching(&text, most)),
        (prop::collection::vec(any_text(), 0..3), 0..99_usize).prop_map(|(texts, maxlength)| {
            InputType::String {
                validation: Validation::OneOf(texts),
                maxlength,
            }
        }),
    ];
    (
        ("[a-z]{1,5}|a b|9x", any_text(), any_text()),
        kind,
        any::<[bool; 2]>(),
        any_default(),
    )
        .prop_map(
            |((name, prompt, description), kind, [optional, sensitive], default)| Input {
                name,
                prompt,
                description,
                kind,
                optional,
                default,
                sensitive,
            },
        )
}

fn any_default() -> impl Strategy<Value = Option<serde_json::Value>> {
    prop_oneof![
        Just(None),
        any::<bool>().prop_map(|value| Some(value.into())),
        any::<i32>().prop_map(|value| Some(value.into())),
        (-1e9..1e9).prop_map(|value: f64| Some(value.into())),
        any_text().prop_map(|value| Some(value.into())),
        (any_text(), any_text()).prop_map(|(key, value)| Some(json!([{ key: [value, null] }]))),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        texts in prop::collection::vec(any_text(), 6),
        inputs in prop::collection::vec(any_input(), 0..3),
        outputs in prop::collection::vec((any_text(), any_default()), 0..3),
        format in prop::option::of(any_text()),
    ) {
        let metadata = Metadata {
            name: texts[0].clone(),
            description: texts[1].clone(),
            author: texts[2].clone(),
            license: texts[3].clone(),
            version: texts[4].clone(),
            url: String::new(),
            timeout: 7,
        };
        let mut action = Action::new("go", &texts[5]);
        for (at, mut input) in inputs.into_iter().enumerate() {
            input.name.push_str(&at.to_string());
            action.inputs.push(input);
        }
        for (at, (text, default)) in outputs.into_iter().enumerate() {
            let output = Output { default, ..Output::new(&format!("o{at}"), &text, &text) };
            action.outputs.push(output);
        }
        let mut aggregate = Aggregate::boolean_summary("o0", &texts[0], &texts[1]);
        aggregate.format = format;
        let mut ddl = Ddl::new(Kind::Agent, metadata).usage(&texts[5]);
        ddl = ddl.action(action.summarize(aggregate));
        let text = write(&ddl);
        prop_assert_eq!(read(Kind::Agent, &ddl.name, &text), Ok(ddl), "{}", text);
    }

    #[test]
    fn any_text_is_survived(text in r#".{0,60}|[a-z"'\\#{}\[\]()|=>:,.%/<\-\n 0-9]{0,60}"#) {
        for kind in Kind::ALL {
            drop(read(kind, "x", &text));
        }
        drop(agent(&format!("action 'a', :description => 'd' do\n{text}\nend")));
    }

    #[test]
    fn any_piece_of_a_file_is_survived(from in 0..2000_usize, to in 0..2000_usize) {
        let cut: String = EXAMPLE.chars().take(to).skip(from).collect();
        drop(agent(&cut));
    }
}
