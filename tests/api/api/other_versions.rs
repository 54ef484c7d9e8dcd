//! Files of the web parts of another version, which runs beside this one on the same database.

use std::path::Path;

use bellpush_test_support::{
    answer::{self, Answer},
    postgres::{self, Database},
    server::{Options, ServerProcess},
};

use crate::shop::refused;

async fn get(server: &ServerProcess, path: &str, encodings: &str) -> Answer {
    let request = answer::client().get(format!("{}{path}", server.url()));
    Answer::to(request.header("accept-encoding", encodings)).await.unwrap()
}

/// The names of the widget's files that this version was built with.
fn built() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist/widget/assets");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".br")).collect()
}

#[tokio::test]
async fn a_page_of_another_version_gets_its_files_from_whichever_server_is_asked() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database).as_node().with("--requests-per-minute", "20");
    let server = ServerProcess::start(options).await.unwrap();

    // Each version leaves its files to the others.
    let count = "SELECT CAST(count(*) AS TEXT) FROM web_files WHERE path LIKE 'widget/assets/%'";
    let published = database.ask(count).await.unwrap();
    assert_eq!(published, Some(built().len().to_string()));

    let sql = "INSERT INTO web_files (path, body, brotli, published_at) VALUES
        ('widget/assets/main-Other_1.js', 'let a = 1;', '\\x0b', 0),
        ('studio/assets/page-Other-2.css', 'a { color: red }', NULL, 0)";
    postgres::execute(database.url(), sql).await.unwrap();
    let script = get(&server, "/widget/assets/main-Other_1.js", "gzip").await.expect(200).unwrap();
    assert_eq!(script.text(), "let a = 1;");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("cross-origin-embedder-policy"), "credentialless");
    assert_eq!(script.header("x-content-type-options"), "nosniff");
    let compressed = get(&server, "/widget/assets/main-Other_1.js", "gzip, br").await;
    assert_eq!(compressed.header("content-encoding"), "br");
    assert_ne!(compressed.header("etag"), script.header("etag"));
    let style = get(&server, "/studio/assets/page-Other-2.css", "br").await.expect(200).unwrap();
    assert_eq!(
        (style.text(), style.header("content-encoding")),
        ("a { color: red }".to_owned(), "")
    );

    // What nobody has is not kept by caches, and who goes on asking for it is held back.
    let none = get(&server, "/widget/assets/none-1.js", "br").await;
    assert_eq!(none.header("cache-control"), "no-store");
    refused(&none, 404, "not-found");
    let mut answers = Vec::new();
    for n in 0..25 {
        answers.push(get(&server, &format!("/widget/assets/none-{n}.js"), "br").await);
    }
    let limited = answers.iter().find(|answer| answer.status != 404).unwrap();
    refused(limited, 429, "rate-limited");
    // That concerns neither what this version has nor what it has learnt of another.
    let own = &built()[0];
    get(&server, &format!("/widget/assets/{own}"), "br").await.expect(200).unwrap();
    get(&server, "/widget/assets/main-Other_1.js", "br").await.expect(200).unwrap();
}

#[tokio::test]
async fn one_server_alone_has_its_own_files_only() {
    let server = ServerProcess::start(Options::sqlite()).await.unwrap();
    get(&server, &format!("/widget/assets/{}", built()[0]), "br").await.expect(200).unwrap();
    refused(&get(&server, "/widget/assets/main-Other_1.js", "br").await, 404, "not-found");
}
