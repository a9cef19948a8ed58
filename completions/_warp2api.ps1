
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'warp2api' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'warp2api'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'warp2api' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve the OpenAI, Anthropic and Gemini APIs on this machine')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Ask something from the command line')
            [CompletionResult]::new('encode', 'encode', [CompletionResultType]::ParameterValue, 'Turn JSON or YAML into protobuf messages')
            [CompletionResult]::new('decode', 'decode', [CompletionResultType]::ParameterValue, 'Turn protobuf messages into JSON')
            [CompletionResult]::new('parse-response', 'parse-response', [CompletionResultType]::ParameterValue, 'Read recorded answers of the upstream')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that clients of every dialect would be content with recorded answers')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Manage your Warp credentials')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Manage the keys of this gateway''s own clients, and what each may use')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'List the models that your account may use')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Look up, fill in, compile and compare message types')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'See, check and describe the settings')
            [CompletionResult]::new('healthcheck', 'healthcheck', [CompletionResultType]::ParameterValue, 'Ask a running server whether it is well')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;serve' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]')
            [CompletionResult]::new('--bridge-listen', '--bridge-listen', [CompletionResultType]::ParameterName, 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]')
            [CompletionResult]::new('--metrics-listen', '--metrics-listen', [CompletionResultType]::ParameterName, 'Serve /metrics here instead, and nothing else, without a key; or off')
            [CompletionResult]::new('--pool-size', '--pool-size', [CompletionResultType]::ParameterName, 'How many accounts to keep ready, where there are that many [default: 3]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Record every exchange with the upstream into a file of its own in this directory')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--monitor-sensitive', '--monitor-sensitive', [CompletionResultType]::ParameterName, 'Show on the bridge''s page what people wrote, too')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse requests with options that neither the upstream nor the gateway can honour')
            [CompletionResult]::new('--allow-anonymous', '--allow-anonymous', [CompletionResultType]::ParameterName, 'Serve an address that others can reach although there is no client key')
            [CompletionResult]::new('--record-sensitive', '--record-sensitive', [CompletionResultType]::ParameterName, 'Record what people wrote, too')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;chat' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Model to ask')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model to ask')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'System text that stands before the conversation')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'System text that stands before the conversation')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Attach a text file or an image; may be repeated')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Attach a text file or an image; may be repeated')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Go on with the last conversation')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the answer as one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;encode' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Message type, full or short')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Message type, full or short')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'What the input is')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'What the input is')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to write the bytes [default: base64 on a terminal, raw elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to write the bytes [default: base64 on a terminal, raw elsewhere]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--sanitize-tools', '--sanitize-tools', [CompletionResultType]::ParameterName, 'Mend the JSON Schemas of the tools in a request, as older gateways did')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;decode' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Message type, full or short')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Message type, full or short')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'What the input is')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'What the input is')
            [CompletionResult]::new('--names', '--names', [CompletionResultType]::ParameterName, 'How to call fields')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--raw-fields', '--raw-fields', [CompletionResultType]::ParameterName, 'Show fields by number, without the schema')
            [CompletionResult]::new('--guess', '--guess', [CompletionResultType]::ParameterName, 'Try every message type and say which fit best')
            [CompletionResult]::new('--opaque', '--opaque', [CompletionResultType]::ParameterName, 'Also open the payloads that the schema leaves opaque')
            [CompletionResult]::new('--emit-defaults', '--emit-defaults', [CompletionResultType]::ParameterName, 'Also show fields that are not set')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Replace what people wrote, ran or keep; the type must be right for that')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Stop at the first message that cannot be read')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;parse-response' {
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'What to make of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Stop at the first event that cannot be read')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;verify' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object an exchange')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Sign in to Warp in a browser, and keep the session')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Keep an API key or the refresh token of a session, read from standard input or typed unseen')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts there are')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Forget an account')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Give an account another name')
            [CompletionResult]::new('acquire', 'acquire', [CompletionResultType]::ParameterValue, 'Print one fresh token and nothing else')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what a token is and how long it lives, without showing it')
            [CompletionResult]::new('pool', 'pool', [CompletionResultType]::ParameterValue, 'See which account serves when, and why')
            [CompletionResult]::new('worker', 'worker', [CompletionResultType]::ParameterValue, 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;login' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What to call the account [default: the first part of its e-mail address]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Do not open a browser')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;add' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'What is given [default: a key if it begins with wk-, else a refresh token]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;remove' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;rename' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;acquire' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--min-ttl', '--min-ttl', [CompletionResultType]::ParameterName, 'Refuse a token that ends sooner [default: 5m where that can be had]')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Take the token of this account')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;inspect' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;pool' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell how every account stands, in running servers or else as one would begin')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say why the last requests went to the accounts that they went to')
            [CompletionResult]::new('refill', 'refill', [CompletionResultType]::ParameterValue, 'Forget what stands against accounts, and try each of them once')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;pool;status' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Tell it again every two seconds; with --json one object a line')
            [CompletionResult]::new('--no-quota', '--no-quota', [CompletionResultType]::ParameterName, 'Do not ask Warp what the accounts may still spend')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;pool;why' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;pool;refill' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;pool;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell how every account stands, in running servers or else as one would begin')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say why the last requests went to the accounts that they went to')
            [CompletionResult]::new('refill', 'refill', [CompletionResultType]::ParameterValue, 'Forget what stands against accounts, and try each of them once')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;pool;help;status' {
            break
        }
        'warp2api;token;pool;help;why' {
            break
        }
        'warp2api;token;pool;help;refill' {
            break
        }
        'warp2api;token;pool;help;help' {
            break
        }
        'warp2api;token;worker' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Put it up, or replace it, with your sessions; prints its address and its key')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where it is and which sessions it has')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take it down, with its secrets')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;worker;deploy' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The Worker''s name in your Cloudflare account')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Hand out tokens of these sessions only; may be repeated [default: all]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('--rotate-key', '--rotate-key', [CompletionResultType]::ParameterName, 'Replace the broker''s key, so that those who have the old one are shut out')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;worker;status' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The Worker''s name in your Cloudflare account')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;worker;remove' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The Worker''s name in your Cloudflare account')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;token;worker;help' {
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Put it up, or replace it, with your sessions; prints its address and its key')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where it is and which sessions it has')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take it down, with its secrets')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;worker;help;deploy' {
            break
        }
        'warp2api;token;worker;help;status' {
            break
        }
        'warp2api;token;worker;help;remove' {
            break
        }
        'warp2api;token;worker;help;help' {
            break
        }
        'warp2api;token;help' {
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Sign in to Warp in a browser, and keep the session')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Keep an API key or the refresh token of a session, read from standard input or typed unseen')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts there are')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Forget an account')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Give an account another name')
            [CompletionResult]::new('acquire', 'acquire', [CompletionResultType]::ParameterValue, 'Print one fresh token and nothing else')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what a token is and how long it lives, without showing it')
            [CompletionResult]::new('pool', 'pool', [CompletionResultType]::ParameterValue, 'See which account serves when, and why')
            [CompletionResult]::new('worker', 'worker', [CompletionResultType]::ParameterValue, 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;token;help;login' {
            break
        }
        'warp2api;token;help;add' {
            break
        }
        'warp2api;token;help;list' {
            break
        }
        'warp2api;token;help;remove' {
            break
        }
        'warp2api;token;help;rename' {
            break
        }
        'warp2api;token;help;acquire' {
            break
        }
        'warp2api;token;help;inspect' {
            break
        }
        'warp2api;token;help;pool' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell how every account stands, in running servers or else as one would begin')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say why the last requests went to the accounts that they went to')
            [CompletionResult]::new('refill', 'refill', [CompletionResultType]::ParameterValue, 'Forget what stands against accounts, and try each of them once')
            break
        }
        'warp2api;token;help;pool;status' {
            break
        }
        'warp2api;token;help;pool;why' {
            break
        }
        'warp2api;token;help;pool;refill' {
            break
        }
        'warp2api;token;help;worker' {
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Put it up, or replace it, with your sessions; prints its address and its key')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where it is and which sessions it has')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take it down, with its secrets')
            break
        }
        'warp2api;token;help;worker;deploy' {
            break
        }
        'warp2api;token;help;worker;status' {
            break
        }
        'warp2api;token;help;worker;remove' {
            break
        }
        'warp2api;token;help;help' {
            break
        }
        'warp2api;key' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key and print it, once; what is not named is not limited')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys: what each may do, has used today, and whether it is in force')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change what a key may do; what is not named stays as it is')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give a key another secret, print it once, and refuse the one before')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Refuse a key from now on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;key;create' {
            [CompletionResult]::new('--models', '--models', [CompletionResultType]::ParameterName, 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all')
            [CompletionResult]::new('--dialects', '--dialects', [CompletionResultType]::ParameterName, 'APIs that it may speak, comma-separated, or all')
            [CompletionResult]::new('--requests-per-minute', '--requests-per-minute', [CompletionResultType]::ParameterName, 'Requests in any minute, or none for no limit')
            [CompletionResult]::new('--tokens-per-day', '--tokens-per-day', [CompletionResultType]::ParameterName, 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit')
            [CompletionResult]::new('--credits-per-day', '--credits-per-day', [CompletionResultType]::ParameterName, 'Warp''s credits in a day of UTC, such as 2.5, or none for no limit')
            [CompletionResult]::new('--streams', '--streams', [CompletionResultType]::ParameterName, 'Answers under way at once, or none for no limit')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;key;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;key;update' {
            [CompletionResult]::new('--models', '--models', [CompletionResultType]::ParameterName, 'Models that it may ask, comma-separated: ids, aliases, patterns with `*`, or all')
            [CompletionResult]::new('--dialects', '--dialects', [CompletionResultType]::ParameterName, 'APIs that it may speak, comma-separated, or all')
            [CompletionResult]::new('--requests-per-minute', '--requests-per-minute', [CompletionResultType]::ParameterName, 'Requests in any minute, or none for no limit')
            [CompletionResult]::new('--tokens-per-day', '--tokens-per-day', [CompletionResultType]::ParameterName, 'Tokens, input and output, in a day of UTC, such as 200k or 1M, or none for no limit')
            [CompletionResult]::new('--credits-per-day', '--credits-per-day', [CompletionResultType]::ParameterName, 'Warp''s credits in a day of UTC, such as 2.5, or none for no limit')
            [CompletionResult]::new('--streams', '--streams', [CompletionResultType]::ParameterName, 'Answers under way at once, or none for no limit')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'When it ends: 12h, 30d, 2026-12-31, 2026-12-31T18:00:00Z, or never')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;key;rotate' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;key;revoke' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;key;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key and print it, once; what is not named is not limited')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys: what each may do, has used today, and whether it is in force')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change what a key may do; what is not named stays as it is')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give a key another secret, print it once, and refuse the one before')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Refuse a key from now on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;key;help;create' {
            break
        }
        'warp2api;key;help;list' {
            break
        }
        'warp2api;key;help;update' {
            break
        }
        'warp2api;key;help;rotate' {
            break
        }
        'warp2api;key;help;revoke' {
            break
        }
        'warp2api;key;help;help' {
            break
        }
        'warp2api;models' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'Ask Warp even if it was asked within the hour')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List message types, enums and, when searching, fields and values')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a message type or an enum as .proto text')
            [CompletionResult]::new('template', 'template', [CompletionResultType]::ParameterValue, 'Print a message to fill in, as JSON that encodes')
            [CompletionResult]::new('compile', 'compile', [CompletionResultType]::ParameterValue, 'Compile .proto files into a descriptor set for --descriptors')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what changed between this schema and another')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;schema;list' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object a line')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema;show' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema;template' {
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'How many messages to show inside each other')
            [CompletionResult]::new('--choose', '--choose', [CompletionResultType]::ParameterName, 'Show this variant of a oneof, as `input.user_inputs`; may be repeated')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema;compile' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write; `-` is standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write; `-` is standard output')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--comments', '--comments', [CompletionResultType]::ParameterName, 'Keep comments, for `schema show`')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema;diff' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;schema;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List message types, enums and, when searching, fields and values')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a message type or an enum as .proto text')
            [CompletionResult]::new('template', 'template', [CompletionResultType]::ParameterValue, 'Print a message to fill in, as JSON that encodes')
            [CompletionResult]::new('compile', 'compile', [CompletionResultType]::ParameterValue, 'Compile .proto files into a descriptor set for --descriptors')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what changed between this schema and another')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;schema;help;list' {
            break
        }
        'warp2api;schema;help;show' {
            break
        }
        'warp2api;schema;help;template' {
            break
        }
        'warp2api;schema;help;compile' {
            break
        }
        'warp2api;schema;help;diff' {
            break
        }
        'warp2api;schema;help;help' {
            break
        }
        'warp2api;config' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting as `serve` with the same flags would have it, and where its value comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print a JSON Schema of the configuration file, for editors')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a configuration file with every setting in it, explained and commented out')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;config;show' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]')
            [CompletionResult]::new('--bridge-listen', '--bridge-listen', [CompletionResultType]::ParameterName, 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]')
            [CompletionResult]::new('--metrics-listen', '--metrics-listen', [CompletionResultType]::ParameterName, 'Serve /metrics here instead, and nothing else, without a key; or off')
            [CompletionResult]::new('--pool-size', '--pool-size', [CompletionResultType]::ParameterName, 'How many accounts to keep ready, where there are that many [default: 3]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Record every exchange with the upstream into a file of its own in this directory')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('--monitor-sensitive', '--monitor-sensitive', [CompletionResultType]::ParameterName, 'Show on the bridge''s page what people wrote, too')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse requests with options that neither the upstream nor the gateway can honour')
            [CompletionResult]::new('--allow-anonymous', '--allow-anonymous', [CompletionResultType]::ParameterName, 'Serve an address that others can reach although there is no client key')
            [CompletionResult]::new('--record-sensitive', '--record-sensitive', [CompletionResultType]::ParameterName, 'Record what people wrote, too')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;config;check' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 takes any free one [default: 127.0.0.1:8010]')
            [CompletionResult]::new('--bridge-listen', '--bridge-listen', [CompletionResultType]::ParameterName, 'Where the bridge and its page are: an address of this machine alone, or off [default: 127.0.0.1:8000]')
            [CompletionResult]::new('--metrics-listen', '--metrics-listen', [CompletionResultType]::ParameterName, 'Serve /metrics here instead, and nothing else, without a key; or off')
            [CompletionResult]::new('--pool-size', '--pool-size', [CompletionResultType]::ParameterName, 'How many accounts to keep ready, where there are that many [default: 3]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Record every exchange with the upstream into a file of its own in this directory')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON object')
            [CompletionResult]::new('--monitor-sensitive', '--monitor-sensitive', [CompletionResultType]::ParameterName, 'Show on the bridge''s page what people wrote, too')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Refuse requests with options that neither the upstream nor the gateway can honour')
            [CompletionResult]::new('--allow-anonymous', '--allow-anonymous', [CompletionResultType]::ParameterName, 'Serve an address that others can reach although there is no client key')
            [CompletionResult]::new('--record-sensitive', '--record-sensitive', [CompletionResultType]::ParameterName, 'Record what people wrote, too')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;config;schema' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;config;example' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting as `serve` with the same flags would have it, and where its value comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print a JSON Schema of the configuration file, for editors')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a configuration file with every setting in it, explained and commented out')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;config;help;show' {
            break
        }
        'warp2api;config;help;check' {
            break
        }
        'warp2api;config;help;schema' {
            break
        }
        'warp2api;config;help;example' {
            break
        }
        'warp2api;config;help;help' {
            break
        }
        'warp2api;healthcheck' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long to wait for its answer')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('--ready', '--ready', [CompletionResultType]::ParameterName, 'Ask whether it can answer clients (/readyz), not only whether it is alive (/healthz)')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;completions' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file (TOML)')
            [CompletionResult]::new('--upstream', '--upstream', [CompletionResultType]::ParameterName, 'Where turns go: https://HOST, http://HOST, h2c://HOST (plain HTTP/2), simulator[:SCENARIO] or replay:PATH[,OPTION=VALUE…]')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Where state is: sqlite, or redis://HOST, rediss://HOST, which replicas share')
            [CompletionResult]::new('--descriptors', '--descriptors', [CompletionResultType]::ParameterName, 'Use this protobuf descriptor set instead of the built-in schema')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look: text or json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more; given twice, say everything but secrets')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but errors')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'warp2api;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve the OpenAI, Anthropic and Gemini APIs on this machine')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Ask something from the command line')
            [CompletionResult]::new('encode', 'encode', [CompletionResultType]::ParameterValue, 'Turn JSON or YAML into protobuf messages')
            [CompletionResult]::new('decode', 'decode', [CompletionResultType]::ParameterValue, 'Turn protobuf messages into JSON')
            [CompletionResult]::new('parse-response', 'parse-response', [CompletionResultType]::ParameterValue, 'Read recorded answers of the upstream')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that clients of every dialect would be content with recorded answers')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Manage your Warp credentials')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Manage the keys of this gateway''s own clients, and what each may use')
            [CompletionResult]::new('models', 'models', [CompletionResultType]::ParameterValue, 'List the models that your account may use')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Look up, fill in, compile and compare message types')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'See, check and describe the settings')
            [CompletionResult]::new('healthcheck', 'healthcheck', [CompletionResultType]::ParameterValue, 'Ask a running server whether it is well')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'warp2api;help;serve' {
            break
        }
        'warp2api;help;chat' {
            break
        }
        'warp2api;help;encode' {
            break
        }
        'warp2api;help;decode' {
            break
        }
        'warp2api;help;parse-response' {
            break
        }
        'warp2api;help;verify' {
            break
        }
        'warp2api;help;token' {
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Sign in to Warp in a browser, and keep the session')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Keep an API key or the refresh token of a session, read from standard input or typed unseen')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the accounts there are')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Forget an account')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Give an account another name')
            [CompletionResult]::new('acquire', 'acquire', [CompletionResultType]::ParameterValue, 'Print one fresh token and nothing else')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Say what a token is and how long it lives, without showing it')
            [CompletionResult]::new('pool', 'pool', [CompletionResultType]::ParameterValue, 'See which account serves when, and why')
            [CompletionResult]::new('worker', 'worker', [CompletionResultType]::ParameterValue, 'Run a broker at Cloudflare that hands out short-lived tokens of your own sessions')
            break
        }
        'warp2api;help;token;login' {
            break
        }
        'warp2api;help;token;add' {
            break
        }
        'warp2api;help;token;list' {
            break
        }
        'warp2api;help;token;remove' {
            break
        }
        'warp2api;help;token;rename' {
            break
        }
        'warp2api;help;token;acquire' {
            break
        }
        'warp2api;help;token;inspect' {
            break
        }
        'warp2api;help;token;pool' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell how every account stands, in running servers or else as one would begin')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say why the last requests went to the accounts that they went to')
            [CompletionResult]::new('refill', 'refill', [CompletionResultType]::ParameterValue, 'Forget what stands against accounts, and try each of them once')
            break
        }
        'warp2api;help;token;pool;status' {
            break
        }
        'warp2api;help;token;pool;why' {
            break
        }
        'warp2api;help;token;pool;refill' {
            break
        }
        'warp2api;help;token;worker' {
            [CompletionResult]::new('deploy', 'deploy', [CompletionResultType]::ParameterValue, 'Put it up, or replace it, with your sessions; prints its address and its key')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Tell where it is and which sessions it has')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take it down, with its secrets')
            break
        }
        'warp2api;help;token;worker;deploy' {
            break
        }
        'warp2api;help;token;worker;status' {
            break
        }
        'warp2api;help;token;worker;remove' {
            break
        }
        'warp2api;help;key' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a key and print it, once; what is not named is not limited')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the keys: what each may do, has used today, and whether it is in force')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Change what a key may do; what is not named stays as it is')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Give a key another secret, print it once, and refuse the one before')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Refuse a key from now on')
            break
        }
        'warp2api;help;key;create' {
            break
        }
        'warp2api;help;key;list' {
            break
        }
        'warp2api;help;key;update' {
            break
        }
        'warp2api;help;key;rotate' {
            break
        }
        'warp2api;help;key;revoke' {
            break
        }
        'warp2api;help;models' {
            break
        }
        'warp2api;help;schema' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List message types, enums and, when searching, fields and values')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a message type or an enum as .proto text')
            [CompletionResult]::new('template', 'template', [CompletionResultType]::ParameterValue, 'Print a message to fill in, as JSON that encodes')
            [CompletionResult]::new('compile', 'compile', [CompletionResultType]::ParameterValue, 'Compile .proto files into a descriptor set for --descriptors')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what changed between this schema and another')
            break
        }
        'warp2api;help;schema;list' {
            break
        }
        'warp2api;help;schema;show' {
            break
        }
        'warp2api;help;schema;template' {
            break
        }
        'warp2api;help;schema;compile' {
            break
        }
        'warp2api;help;schema;diff' {
            break
        }
        'warp2api;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show every setting as `serve` with the same flags would have it, and where its value comes from')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Tell everything that is wrong with the settings, as `serve` with the same flags would find them')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print a JSON Schema of the configuration file, for editors')
            [CompletionResult]::new('example', 'example', [CompletionResultType]::ParameterValue, 'Print a configuration file with every setting in it, explained and commented out')
            break
        }
        'warp2api;help;config;show' {
            break
        }
        'warp2api;help;config;check' {
            break
        }
        'warp2api;help;config;schema' {
            break
        }
        'warp2api;help;config;example' {
            break
        }
        'warp2api;help;healthcheck' {
            break
        }
        'warp2api;help;completions' {
            break
        }
        'warp2api;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
