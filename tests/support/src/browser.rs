//! A browser, as far as the server can tell: it keeps the server's cookie, and says which site a request
//! comes from.

use std::sync::Mutex;

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    answer::{self, Answer},
    server::ServerProcess,
};

/// A password that nobody guesses.
pub const PASSWORD: &str = "tr4nquil-otter-quay";

/// A browser with a cookie jar for one server.
#[derive(Debug)]
pub struct Browser {
    client: reqwest::Client,
    url: String,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    /// A fresh one.
    #[must_use]
    pub fn new(server: &ServerProcess) -> Self {
        Self { client: answer::client(), url: server.url(), cookie: Mutex::default() }
    }

    /// Makes the first owner by the link that the server has printed.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn set_up(server: &ServerProcess) -> anyhow::Result<Self> {
        let browser = Self::new(server);
        let token = server.setup_token()?;
        let body = json!({
            "token": token, "name": "Olga", "email": "olga@example.com", "password": PASSWORD,
        });
        browser.post("/v1/setup", &body).await?.expect(201)?;
        Ok(browser)
    }

    /// Invites somebody by another browser, and takes the invitation in a fresh one. Their name is what
    /// stands before the `@`.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn invited_by(
        inviter: &Self,
        email: &str,
        role: &str,
        apps: Option<&[&str]>,
    ) -> anyhow::Result<Self> {
        let body = json!({ "email": email, "role": role, "apps": apps });
        let made: Value = inviter.post("/v1/invitations", &body).await?.expect(201)?.json()?;
        let link = made["link"].as_str().context("a link")?;
        let (_, token) = link.split_once("#token=").context("a token")?;
        let name = email.split('@').next().unwrap_or_default();
        let browser =
            Self { client: answer::client(), url: inviter.url.clone(), cookie: Mutex::default() };
        let body = json!({ "token": token, "name": name, "password": PASSWORD });
        browser.post("/v1/invitations/accept", &body).await?.expect(201)?;
        Ok(browser)
    }

    /// Signs in by password.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn sign_in(&self, email: &str, password: &str) -> anyhow::Result<Answer> {
        let body = json!({ "email": email, "password": password });
        self.post("/v1/sign-in", &body).await
    }

    /// The cookie that it shows, as `name=value`.
    ///
    /// # Panics
    /// When another thread has panicked with it.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Another browser with the same cookie, as a thief has it.
    #[must_use]
    pub fn copy(&self) -> Self {
        let (client, url) = (self.client.clone(), self.url.clone());
        Self { client, url, cookie: Mutex::new(self.cookie()) }
    }

    /// A request as a page of the server's own makes it.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.plain_request(method, path);
        request.header("sec-fetch-site", "same-origin")
    }

    /// A request that says not where it comes from.
    pub fn plain_request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = request.header("user-agent", agent);
        match self.cookie() {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    /// Sends a request, and keeps the cookie that comes with the answer.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let answer = Answer::to(request).await?;
        if let Some(set) = answer.headers.get("set-cookie") {
            let pair = set.to_str()?.split(';').next().unwrap_or_default().to_owned();
            let is_gone = pair.ends_with('=');
            *self.lock() = (!is_gone).then_some(pair);
        }
        Ok(answer)
    }

    /// GET.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// Nobody is.
    pub async fn me(&self) -> anyhow::Result<Value> {
        self.get("/v1/me").await?.expect(200)?.json()
    }

    #[allow(clippy::expect_used, reason = "a test that has panicked has failed already")]
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.cookie.lock().expect("no test has panicked with it")
    }
}
