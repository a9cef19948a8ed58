
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand serve 'Serve the OpenAI, Anthropic and Gemini APIs on this machine'
            cand chat 'Ask something from the command line'
            cand encode 'Turn JSON or YAML into protobuf messages'
            cand decode 'Turn protobuf messages into JSON'
            cand parse-response 'Read recorded answers of the upstream'
            cand verify 'Check that clients of every dialect would be content with recorded answers'
            cand token 'Manage your Warp credentials'
            cand key 'Manage the keys of this gateway''s own clients, and what each may use'
            cand models 'List the models that your account may use'
            cand schema 'Look up, fill in, compile and compare message types'
            cand config 'See, check and describe the settings'
            cand healthcheck 'Ask a running server whether it is well'
            cand completions 'Print a completion script for a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;serve'= {
            cand --listen 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]'
            cand --bridge-listen 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]'
            cand --metrics-listen 'Serve /metrics here instead, and nothing else, without a key; or off'
            cand --pool-size 'How many accounts to keep ready, where there are that many [default: 3]'
            cand --record 'Record every exchange with the upstream into a file of its own in this directory'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --monitor-sensitive 'Show on the bridge''s page what people wrote, too'
            cand --strict 'Refuse requests with options that neither the upstream nor the gateway can honour'
            cand --allow-anonymous 'Serve an address that others can reach although there is no client key'
            cand --record-sensitive 'Record what people wrote, too'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;verify'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object an exchange'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand login 'Sign in to Warp in a browser, and keep the session'
            cand add 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
            cand list 'List the accounts there are'
            cand remove 'Forget an account'
            cand rename 'Give an account another name'
            cand acquire 'Print one fresh token and nothing else'
            cand inspect 'Say what a token is and how long it lives, without showing it'
            cand pool 'See which account serves when, and why'
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;login'= {
            cand --name 'What to call the account [default: the first part of its e-mail address]'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --no-browser 'Do not open a browser'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;add'= {
            cand --kind 'What is given [default: a key if it begins with wk-, else a refresh token]'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;list'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;remove'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;rename'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;acquire'= {
            cand --format 'How to print it'
            cand --min-ttl 'Refuse a token that ends sooner [default: 5m where that can be had]'
            cand --account 'Take the token of this account'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;inspect'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;pool'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand status 'Tell how every account stands, in running servers or else as one would begin'
            cand why 'Say why the last requests went to the accounts that they went to'
            cand refill 'Forget what stands against accounts, and try each of them once'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;pool;status'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand --watch 'Tell it again every two seconds; with --json one object a line'
            cand --no-quota 'Do not ask Warp what the accounts may still spend'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;token;pool;why'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;pool;refill'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;token;pool;help'= {
            cand status 'Tell how every account stands, in running servers or else as one would begin'
            cand why 'Say why the last requests went to the accounts that they went to'
            cand refill 'Forget what stands against accounts, and try each of them once'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;pool;help;status'= {
        }
        &'warp2api;token;pool;help;why'= {
        }
        &'warp2api;token;pool;help;refill'= {
        }
        &'warp2api;token;pool;help;help'= {
        }
        &'warp2api;token;worker'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand login 'Sign in to Warp in a browser, and keep the session'
            cand add 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
            cand list 'List the accounts there are'
            cand remove 'Forget an account'
            cand rename 'Give an account another name'
            cand acquire 'Print one fresh token and nothing else'
            cand inspect 'Say what a token is and how long it lives, without showing it'
            cand pool 'See which account serves when, and why'
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;token;help;login'= {
        }
        &'warp2api;token;help;add'= {
        }
        &'warp2api;token;help;list'= {
        }
        &'warp2api;token;help;remove'= {
        }
        &'warp2api;token;help;rename'= {
        }
        &'warp2api;token;help;acquire'= {
        }
        &'warp2api;token;help;inspect'= {
        }
        &'warp2api;token;help;pool'= {
            cand status 'Tell how every account stands, in running servers or else as one would begin'
            cand why 'Say why the last requests went to the accounts that they went to'
            cand refill 'Forget what stands against accounts, and try each of them once'
        }
        &'warp2api;token;help;pool;status'= {
        }
        &'warp2api;token;help;pool;why'= {
        }
        &'warp2api;token;help;pool;refill'= {
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
        &'warp2api;key'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand create 'Make a key and print it, once; what is not named is not limited'
            cand list 'List the keys: what each may do, has used today, and whether it is in force'
            cand update 'Change what a key may do; what is not named stays as it is'
            cand rotate 'Give a key another secret, print it once, and refuse the one before'
            cand revoke 'Refuse a key from now on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;key;create'= {
            cand --models 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all'
            cand --dialects 'APIs that it may speak, comma-separated, or all'
            cand --requests-per-minute 'Requests in any minute, or none for no limit'
            cand --tokens-per-day 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit'
            cand --credits-per-day 'Warp''s credits in a day of UTC, such as 2.5, or none for no limit'
            cand --streams 'Answers under way at once, or none for no limit'
            cand --expires 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;key;list'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;key;update'= {
            cand --models 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all'
            cand --dialects 'APIs that it may speak, comma-separated, or all'
            cand --requests-per-minute 'Requests in any minute, or none for no limit'
            cand --tokens-per-day 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit'
            cand --credits-per-day 'Warp''s credits in a day of UTC, such as 2.5, or none for no limit'
            cand --streams 'Answers under way at once, or none for no limit'
            cand --expires 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;key;rotate'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;key;revoke'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;key;help'= {
            cand create 'Make a key and print it, once; what is not named is not limited'
            cand list 'List the keys: what each may do, has used today, and whether it is in force'
            cand update 'Change what a key may do; what is not named stays as it is'
            cand rotate 'Give a key another secret, print it once, and refuse the one before'
            cand revoke 'Refuse a key from now on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;key;help;create'= {
        }
        &'warp2api;key;help;list'= {
        }
        &'warp2api;key;help;update'= {
        }
        &'warp2api;key;help;rotate'= {
        }
        &'warp2api;key;help;revoke'= {
        }
        &'warp2api;key;help;help'= {
        }
        &'warp2api;models'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand --refresh 'Ask Warp even if it was asked within the hour'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;schema'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;config'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand show 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
            cand check 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
            cand schema 'Print a JSON Schema of the configuration file, for editors'
            cand example 'Print a configuration file with every setting in it, explained and commented out'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;config;show'= {
            cand --listen 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]'
            cand --bridge-listen 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]'
            cand --metrics-listen 'Serve /metrics here instead, and nothing else, without a key; or off'
            cand --pool-size 'How many accounts to keep ready, where there are that many [default: 3]'
            cand --record 'Record every exchange with the upstream into a file of its own in this directory'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand --monitor-sensitive 'Show on the bridge''s page what people wrote, too'
            cand --strict 'Refuse requests with options that neither the upstream nor the gateway can honour'
            cand --allow-anonymous 'Serve an address that others can reach although there is no client key'
            cand --record-sensitive 'Record what people wrote, too'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;config;check'= {
            cand --listen 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]'
            cand --bridge-listen 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]'
            cand --metrics-listen 'Serve /metrics here instead, and nothing else, without a key; or off'
            cand --pool-size 'How many accounts to keep ready, where there are that many [default: 3]'
            cand --record 'Record every exchange with the upstream into a file of its own in this directory'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --json 'Print one JSON object'
            cand --monitor-sensitive 'Show on the bridge''s page what people wrote, too'
            cand --strict 'Refuse requests with options that neither the upstream nor the gateway can honour'
            cand --allow-anonymous 'Serve an address that others can reach although there is no client key'
            cand --record-sensitive 'Record what people wrote, too'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;config;schema'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;config;example'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
        &'warp2api;config;help'= {
            cand show 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
            cand check 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
            cand schema 'Print a JSON Schema of the configuration file, for editors'
            cand example 'Print a configuration file with every setting in it, explained and commented out'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'warp2api;config;help;show'= {
        }
        &'warp2api;config;help;check'= {
        }
        &'warp2api;config;help;schema'= {
        }
        &'warp2api;config;help;example'= {
        }
        &'warp2api;config;help;help'= {
        }
        &'warp2api;healthcheck'= {
            cand --timeout 'How long to wait for its answer'
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
            cand --descriptors 'Use this protobuf descriptor set instead of the built-in schema'
            cand --log-format 'How log lines look: text or json'
            cand --ready 'Ask whether it can answer clients (/readyz), not only whether it is alive (/healthz)'
            cand -v 'Say more; given twice, say everything but secrets'
            cand --verbose 'Say more; given twice, say everything but secrets'
            cand -q 'Say nothing but errors'
            cand --quiet 'Say nothing but errors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'warp2api;completions'= {
            cand --config 'Configuration file (TOML)'
            cand --upstream 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]'
            cand --state 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share'
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
            cand serve 'Serve the OpenAI, Anthropic and Gemini APIs on this machine'
            cand chat 'Ask something from the command line'
            cand encode 'Turn JSON or YAML into protobuf messages'
            cand decode 'Turn protobuf messages into JSON'
            cand parse-response 'Read recorded answers of the upstream'
            cand verify 'Check that clients of every dialect would be content with recorded answers'
            cand token 'Manage your Warp credentials'
            cand key 'Manage the keys of this gateway''s own clients, and what each may use'
            cand models 'List the models that your account may use'
            cand schema 'Look up, fill in, compile and compare message types'
            cand config 'See, check and describe the settings'
            cand healthcheck 'Ask a running server whether it is well'
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
        &'warp2api;help;verify'= {
        }
        &'warp2api;help;token'= {
            cand login 'Sign in to Warp in a browser, and keep the session'
            cand add 'Keep an API key or the refresh token of a session, read from standard input or typed unseen'
            cand list 'List the accounts there are'
            cand remove 'Forget an account'
            cand rename 'Give an account another name'
            cand acquire 'Print one fresh token and nothing else'
            cand inspect 'Say what a token is and how long it lives, without showing it'
            cand pool 'See which account serves when, and why'
            cand worker 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions'
        }
        &'warp2api;help;token;login'= {
        }
        &'warp2api;help;token;add'= {
        }
        &'warp2api;help;token;list'= {
        }
        &'warp2api;help;token;remove'= {
        }
        &'warp2api;help;token;rename'= {
        }
        &'warp2api;help;token;acquire'= {
        }
        &'warp2api;help;token;inspect'= {
        }
        &'warp2api;help;token;pool'= {
            cand status 'Tell how every account stands, in running servers or else as one would begin'
            cand why 'Say why the last requests went to the accounts that they went to'
            cand refill 'Forget what stands against accounts, and try each of them once'
        }
        &'warp2api;help;token;pool;status'= {
        }
        &'warp2api;help;token;pool;why'= {
        }
        &'warp2api;help;token;pool;refill'= {
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
        &'warp2api;help;key'= {
            cand create 'Make a key and print it, once; what is not named is not limited'
            cand list 'List the keys: what each may do, has used today, and whether it is in force'
            cand update 'Change what a key may do; what is not named stays as it is'
            cand rotate 'Give a key another secret, print it once, and refuse the one before'
            cand revoke 'Refuse a key from now on'
        }
        &'warp2api;help;key;create'= {
        }
        &'warp2api;help;key;list'= {
        }
        &'warp2api;help;key;update'= {
        }
        &'warp2api;help;key;rotate'= {
        }
        &'warp2api;help;key;revoke'= {
        }
        &'warp2api;help;models'= {
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
        &'warp2api;help;config'= {
            cand show 'Show every setting as `serve` with the same flags would have it, and where its value comes from'
            cand check 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them'
            cand schema 'Print a JSON Schema of the configuration file, for editors'
            cand example 'Print a configuration file with every setting in it, explained and commented out'
        }
        &'warp2api;help;config;show'= {
        }
        &'warp2api;help;config;check'= {
        }
        &'warp2api;help;config;schema'= {
        }
        &'warp2api;help;config;example'= {
        }
        &'warp2api;help;healthcheck'= {
        }
        &'warp2api;help;completions'= {
        }
        &'warp2api;help;help'= {
        }
    ]
    $completions[$command]
}
