
use builtin;
use str;

set edit:completion:arg-completer[warp2api] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'warp2api'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'warp2api'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Serve the OpenAI API on this machine'
            cand chat 'Ask something from the command line'
            cand encode 'Turn JSON or YAML into protobuf messages'
            cand decode 'Turn protobuf messages into JSON'
            cand parse-response 'Read recorded answers of the upstream'
            cand token 'Manage your Warp credentials'
            cand schema 'Look up, fill in, compile and compare message types'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;serve'= {
            cand --listen 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]'
            cand --bridge-listen 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --monitor-sensitive 'Show on the bridge''s page what people wrote, too'
            cand --strict 'Refuse requests with options that neither the upstream nor the gateway can honour'
            cand --allow-anonymous 'Serve an address that others can reach although no client key is set'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;chat'= {
            cand -m 'Model to ask'
            cand --model 'Model to ask'
            cand -s 'System text that stands before the conversation'
            cand --system 'System text that stands before the conversation'
            cand -f 'Attach a text file or an image; may be repeated'
            cand --file 'Attach a text file or an image; may be repeated'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --continue 'Go on with the last conversation'
            cand --json 'Print the answer as one JSON object'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;encode'= {
            cand -t 'Message type, full or short'
            cand --type 'Message type, full or short'
            cand -i 'What the input is'
            cand --input 'What the input is'
            cand -o 'How to write the bytes [default: base64 on a terminal, raw elsewhere]'
            cand --output 'How to write the bytes [default: base64 on a terminal, raw elsewhere]'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --sanitize-tools 'Mend the JSON Schemas of the tools in a request, as older gateways did'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;decode'= {
            cand -t 'Message type, full or short'
            cand --type 'Message type, full or short'
            cand -i 'What the input is'
            cand --input 'What the input is'
            cand --names 'How to call fields'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --raw-fields 'Show fields by number, without the schema'
            cand --guess 'Try every message type and say which fit best'
            cand --opaque 'Also open the payloads that the schema leaves opaque'
            cand --emit-defaults 'Also show fields that are not set'
            cand --redact 'Replace what people wrote, ran or keep; the type must be right for that'
            cand --strict 'Stop at the first message that cannot be read'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;parse-response'= {
            cand --as 'What to make of them'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --strict 'Stop at the first event that cannot be read'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;worker'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand deploy 'Put it up, or replace it, with your sessions; prints its address and its key'
            cand status 'Tell where it is and which sessions it has'
            cand remove 'Take it down, with its secrets'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;worker;deploy'= {
            cand --name 'The Worker''s name in your Cloudflare account'
            cand --account 'Hand out tokens of these sessions only; may be repeated [default: all]'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand --rotate-key 'Replace the broker''s key, so that those who have the old one are shut out'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;worker;status'= {
            cand --name 'The Worker''s name in your Cloudflare account'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;worker;remove'= {
            cand --name 'The Worker''s name in your Cloudflare account'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;worker;help'= {
            cand deploy 'Put it up, or replace it, with your sessions; prints its address and its key'
            cand status 'Tell where it is and which sessions it has'
            cand remove 'Take it down, with its secrets'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;worker;help;deploy'= {
        }
        &'warp2api;token;worker;help;status'= {
        }
        &'warp2api;token;worker;help;remove'= {
        }
        &'warp2api;token;worker;help;help'= {
        }
        &'warp2api;token;help'= {
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;help;worker'= {
            cand deploy 'Put it up, or replace it, with your sessions; prints its address and its key'
            cand status 'Tell where it is and which sessions it has'
            cand remove 'Take it down, with its secrets'
        }
        &'warp2api;token;help;worker;deploy'= {
        }
        &'warp2api;token;help;worker;status'= {
        }
        &'warp2api;token;help;worker;remove'= {
        }
        &'warp2api;token;help;help'= {
        }
        &'warp2api;schema'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List message types, enums and, when searching, fields and values'
            cand show 'Show a message type or an enum as .proto text'
            cand template 'Print a message to fill in, as JSON that encodes'
            cand compile 'Compile .proto files into a descriptor set for --descriptors'
            cand diff 'Say what changed between this schema and another'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;schema;list'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object a line'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema;show'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema;template'= {
            cand --depth 'How many messages to show inside each other'
            cand --choose 'Show this variant of a oneof, as `input.user_inputs`; may be repeated'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema;compile'= {
            cand -o 'File to write; `-` is standard output'
            cand --output 'File to write; `-` is standard output'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --comments 'Keep comments, for `schema show`'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema;diff'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema;help'= {
            cand list 'List message types, enums and, when searching, fields and values'
            cand show 'Show a message type or an enum as .proto text'
            cand template 'Print a message to fill in, as JSON that encodes'
            cand compile 'Compile .proto files into a descriptor set for --descriptors'
            cand diff 'Say what changed between this schema and another'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;schema;help;list'= {
        }
        &'warp2api;schema;help;show'= {
        }
        &'warp2api;schema;help;template'= {
        }
        &'warp2api;schema;help;compile'= {
        }
        &'warp2api;schema;help;diff'= {
        }
        &'warp2api;schema;help;help'= {
        }
        &'warp2api;completions'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2) or simulator[:SCENARIO]'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;help'= {
            cand serve 'Serve the OpenAI API on this machine'
            cand chat 'Ask something from the command line'
            cand encode 'Turn JSON or YAML into protobuf messages'
            cand decode 'Turn protobuf messages into JSON'
            cand parse-response 'Read recorded answers of the upstream'
            cand token 'Manage your Warp credentials'
            cand schema 'Look up, fill in, compile and compare message types'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;help;serve'= {
        }
        &'warp2api;help;chat'= {
        }
        &'warp2api;help;encode'= {
        }
        &'warp2api;help;decode'= {
        }
        &'warp2api;help;parse-response'= {
        }
        &'warp2api;help;token'= {
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
        }
        &'warp2api;help;token;worker'= {
            cand deploy 'Put it up, or replace it, with your sessions; prints its address and its key'
            cand status 'Tell where it is and which sessions it has'
            cand remove 'Take it down, with its secrets'
        }
        &'warp2api;help;token;worker;deploy'= {
        }
        &'warp2api;help;token;worker;status'= {
        }
        &'warp2api;help;token;worker;remove'= {
        }
        &'warp2api;help;schema'= {
            cand list 'List message types, enums and, when searching, fields and values'
            cand show 'Show a message type or an enum as .proto text'
            cand template 'Print a message to fill in, as JSON that encodes'
            cand compile 'Compile .proto files into a descriptor set for --descriptors'
            cand diff 'Say what changed between this schema and another'
        }
        &'warp2api;help;schema;list'= {
        }
        &'warp2api;help;schema;show'= {
        }
        &'warp2api;help;schema;template'= {
        }
        &'warp2api;help;schema;compile'= {
        }
        &'warp2api;help;schema;diff'= {
        }
        &'warp2api;help;completions'= {
        }
        &'warp2api;help;help'= {
        }
    ]
    $completions[$command]
}
