//! Many clients at once: none ever hears a word of another's.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, Response};
use tokio::task::JoinSet;
use warp2api::{secret::Secret, simulator::Replay};

use crate::{
    clients::{CLIENTS, Client, End, Said, user},
    front::{Front, Setup, talking},
};

const SESSIONS: usize = 200;

/// One client in its conversation.
struct Session {
    front: Arc<Front>,
    client: Client,
    key: String,
    /// What only this session says.
    word: String,
    told: Vec<Said>,
    random: fastrand::Rng,
}

impl Session {
    fn new(front: &Arc<Front>, number: usize) -> Self {
        Self {
            front: Arc::clone(front),
            client: CLIENTS[number % CLIENTS.len()],
            // Half of all share a key, clients of every dialect among them.
            key: match (number / CLIENTS.len()).is_multiple_of(2) {
                true => "shared".to_owned(),
                false => format!("key-{number}"),
            },
            word: format!("word-{number}-secret"),
            told: Vec::new(),
            random: fastrand::Rng::with_seed(number as u64),
        }
    }

    async fn send(&self, stream: bool, told: &[Said]) -> Response {
        let body = self.client.body(stream, told, &[]).to_string();
        let request = self.front.request(Method::POST, self.client.path(stream)).bearer_auth(&self.key).body(body);
        request.send().await.unwrap()
    }

    /// Says `text` and takes the answer into the conversation.
    async fn say(&mut self, text: String) -> String {
        self.told.push(user(text));
        let stream = self.random.bool();
        let response = self.send(stream, &self.told).await;
        assert_eq!(response.status(), 200, "{}", self.word);
        let heard = self.client.hears(stream, &response.text().await.unwrap());
        assert!(matches!(heard.end, End::Complete(_)), "{}: {:?}", self.word, heard.end);
        let all = heard.text.matches("-secret").count();
        assert_eq!(heard.text.matches(&self.word).count(), all, "{} heard {}", self.word, heard.text);
        self.told.push(Said::Model(heard.text.clone(), Vec::new()));
        heard.text
    }

    /// Asks for something long and leaves somewhere in the middle of it.
    async fn walk_away(&mut self) {
        let told: Vec<Said> = self.told.iter().cloned().chain([user(format!("long 300 {}", self.word))]).collect();
        let mut response = self.send(true, &told).await;
        for _ in 0..self.random.usize(0..4) {
            if response.chunk().await.unwrap().is_none() {
                break;
            }
        }
    }

    async fn run(mut self) {
        // All begin with the same words.
        self.say("hello".to_owned()).await;
        if self.random.u8(..) < 64 {
            self.walk_away().await;
        }
        let heard = self.say(format!("my word is {}", self.word)).await;
        assert!(heard.contains(&self.word));
        if self.random.u8(..) < 64 {
            self.walk_away().await;
        }
        let heard = self.say("recall".to_owned()).await;
        assert_eq!(heard, format!("Before, you said: “hello”, “my word is {}”.", self.word));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_of_all_dialects_never_hear_each_other() {
    let simulator = talking();
    let mut setup = Setup::default();
    let own = (0..SESSIONS).map(|number| format!("key-{number}")).chain(["shared".to_owned()]);
    setup.server.client_keys = own.map(|key| Secret::new(&key)).collect();
    let front = Arc::new(Front::start(simulator.url(), setup).await);
    let mut running = JoinSet::new();
    for number in 0..SESSIONS {
        running.spawn(Session::new(&front, number).run());
    }
    let all = tokio::time::timeout(Duration::from_secs(300), running.join_all()).await;
    assert_eq!(all.expect("all sessions end").len(), SESSIONS);
    // What was gone on with was sent back as it came, or told anew; never changed.
    let replays: Vec<Replay> = simulator.requests().into_iter().map(|request| request.replay).collect();
    let count = |wanted: &Replay| replays.iter().filter(|replay| *replay == wanted).count();
    println!(
        "of the last {} requests {} began, {} went on, {} were replayed",
        replays.len(),
        count(&Replay::New),
        count(&Replay::Exact),
        count(&Replay::Foreign)
    );
    let changed: Vec<&Replay> = replays.iter().filter(|replay| matches!(replay, Replay::Different(_))).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert!(count(&Replay::Exact) > 0);
}
