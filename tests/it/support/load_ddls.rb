# Loads the DDLs of a libdir with the original's own classes, and compares them field by field with
# what NAME.json beside NAME.ddl says of them. Prints how many there were.
#
#   ruby load_ddls.rb LIBDIR agent,data,discovery

require 'mcollective'
require 'json'
include MCollective

libdir, types = ARGV
$LOAD_PATH.unshift(libdir)
config = Config.instance
config.set_config_defaults("/nonexistent/client.cfg")
config.instance_variable_set(:@mode, :client)
config.instance_variable_set(:@configured, true)
def Log.log(*) end

# Symbols as text; what has no place in JSON left out.
def plain(value)
  case value
  when Symbol then value.to_s
  when Regexp then value.source
  when Hash then Hash[value.map { |k, v| [plain(k), plain(v)] }].reject { |_, v| v.nil? }
  when Array then value.map { |v| plain(v) }
  else value
  end
end

def equal!(name, ours, theirs)
  abort "#{name}: ours #{ours.inspect}, theirs #{theirs.inspect}" unless ours == theirs
end

def input(input)
  input = input.dup
  input["type"] = input["type"].downcase
  input.reject { |_, v| v.nil? }
end

count = 0
types.split(",").each do |type|
  Dir[File.join(libdir, "mcollective", type, "*.ddl")].sort.each do |file|
    name = File.basename(file, ".ddl")
    ours = JSON.parse(File.read(file.sub(/ddl\z/, "json")))
    begin
      theirs = DDL.new(name, type.to_sym)
    rescue Exception => e
      abort "#{file}: #{e.class}: #{e.message}"
    end
    # Choria calls an agent by the name in its metadata.
    fields = %w[description author license version url timeout]
    fields.each { |f| equal!("#{file} #{f}", ours["metadata"][f], plain(theirs.meta)[f]) }
    case type
    when "agent"
      equal!("#{file} actions", ours["actions"].map { |a| a["action"] }.sort, theirs.actions.sort)
      ours["actions"].each do |action|
        their = plain(theirs.action_interface(action["action"]))
        where = "#{file} #{action["action"]}"
        %w[action description display].each { |f| equal!("#{where} #{f}", action[f], their[f]) }
        equal!("#{where} inputs", action["input"].transform_values { |i| input(i) }, their["input"])
        equal!("#{where} outputs", action["output"], their["output"])
        summaries = (their["aggregate"] || []).map { |a| {"function" => a["function"], "args" => a["args"]} }
        equal!("#{where} summaries", action["aggregate"] || [], summaries)
      end
    when "data"
      their = plain(theirs.entities[:data])
      equal!("#{file} output", ours["output"], their["output"])
      query = ours["query"] && input(ours["query"])
      query["optional"] ||= nil if query && !their["input"]["query"].key?("optional")
      equal!("#{file} query", query && query.compact, their["input"]["query"])
    when "discovery"
      equal!("#{file} capabilities", ours["capabilities"], plain(theirs.entities[:discovery])["capabilities"])
    end
    count += 1
  end
end
puts count
