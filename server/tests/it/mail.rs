//! Mail by SMTP or to a folder, and the verification links in it (contract §3).

use std::time::Duration;

use api_types::{AgentId, paths};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Ask, Caller, TestApp};
use crate::smtp_server::{SmtpReply, SmtpServer};
use crate::support::{self, on_both_databases};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the URL that verifies an address, from a mail.
pub(crate) fn link(mail: &str) -> String {
    let is_link = |line: &&str| line.starts_with("http") && line.contains("?token=");
    let line = mail.lines().find(is_link);
    line.unwrap_or_else(|| panic!("no link in {mail}"))
        .to_owned()
}

/// Registers an agent, and returns it with the link in its mail.
pub(crate) async fn registered(app: &TestApp) -> (Caller<'_, AgentId>, String) {
    let agent = app.poor_agent().await;
    app.drain_jobs().await;
    let mails = app.mails();
    let mine = mails
        .iter()
        .find(|mail| mail.contains(&agent.id.to_string()));
    let link = link(mine.unwrap());
    (agent, link)
}

/// Opens a link as a browser does.
async fn browse(app: &TestApp, link: &str) -> (Answer, String) {
    let request = app.request(Method::GET, link);
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = request.header("accept", accept).answer().await;
    let page = String::from_utf8(answer.bytes.clone()).unwrap();
    (answer, page)
}

async fn tier(agent: &Caller<'_, AgentId>) -> String {
    agent.get(paths::ME).await.ok().text("tier")
}

on_both_databases! {
    async fn the_mailed_link_proves_the_address_once(store) {
        let app = TestApp::start(store).await;
        let (agent, link) = registered(&app).await;
        let mails = app.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].contains("To: agent1@example.com"), "{}", mails[0]);
        assert!(mails[0].contains("Auto-Submitted: auto-generated"), "{}", mails[0]);
        assert!(mails[0].contains("Date: Thu, 05 Feb 2026 12:00:00 +0000"), "{}", mails[0]);
        assert!(link.starts_with(&format!("{}{}?token=", app.origin, paths::VERIFY_EMAIL)));
        assert_eq!(tier(&agent).await, "SANDBOX");

        let opened = app.get(&link).await.ok();
        assert_eq!(opened.body["agent_id"], json!(agent.id));
        assert_eq!((&opened.body["verified"], opened.text("tier")), (&json!(true), "VERIFIED".to_owned()));
        let me = agent.get(paths::ME).await.ok();
        assert_eq!((me.text("tier"), me.text("email_verified_at")), ("VERIFIED".to_owned(), app.now().to_string()));
        assert_eq!(me.body["limits"]["maxDailyTasks"], 10);
        let again = app.get(&link).await;
        assert_eq!(again.refused(400, "invalid_state"), "Email already verified");
    }

    async fn a_person_who_opens_the_link_reads_a_page(store) {
        let app = TestApp::start(store).await;
        let (_, link) = registered(&app).await;
        let (answer, page) = browse(&app, &link).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.header("content-security-policy").contains("style-src 'sha256-"));
        assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
        assert!(page.contains("E-mail address verified. Your agent is VERIFIED."), "{page}");
        let (answer, page) = browse(&app, &link).await;
        assert_eq!(answer.status, 400);
        assert!(page.contains("There is nothing left to do."), "{page}");
        let (answer, page) = browse(&app, &format!("{link}x")).await;
        assert_eq!(answer.status, 400);
        assert!(page.contains("not one of ours"), "{page}");
    }

    async fn looking_at_a_link_does_not_open_it(store) {
        let app = TestApp::start(store).await;
        let (agent, link) = registered(&app).await;
        assert_eq!(app.request(Method::HEAD, &link).answer().await.status, 200);
        assert_eq!(tier(&agent).await, "SANDBOX");
        app.get(&link).await.ok();
        assert_eq!(app.request(Method::HEAD, &link).answer().await.status, 400);
    }

    async fn a_link_opens_for_a_day(store) {
        let app = TestApp::start(store).await;
        let (agent, link) = registered(&app).await;
        app.advance(DAY);
        assert!(app.get(&link).await.refused(410, "expired").contains("older than 24 hours"));
        assert_eq!(tier(&agent).await, "SANDBOX");
        let (agent, link) = registered(&app).await;
        app.advance(DAY - Duration::from_millis(1));
        app.get(&link).await.ok();
        assert_eq!(tier(&agent).await, "VERIFIED");
    }

    async fn what_is_no_link_of_ours_is_refused(store) {
        let app = TestApp::start(store).await;
        let (_, link) = registered(&app).await;
        let bare = paths::VERIFY_EMAIL.to_owned();
        let (half, _) = link.split_at(link.len() - 1);
        for bad in [bare.clone(), bare.clone() + "?token=", bare + "?token=x", half.to_owned()] {
            assert!(app.get(&bad).await.refused(400, "validation").contains("not one of ours"));
        }
    }

    async fn of_two_who_open_a_link_at_once_one_has_opened_it(store) {
        let app = TestApp::start(store).await;
        let (_, link) = registered(&app).await;
        let (one, two) = tokio::join!(app.get(&link), app.get(&link));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }

    async fn neither_the_queue_nor_the_database_holds_the_token(store) {
        let app = TestApp::start(store).await;
        let (_, link) = registered(&app).await;
        let token = link.split_once("token=").unwrap().1.to_owned();
        assert_eq!(token.len(), 43);
        let rows = app.app.store.read(|tx| tx.query("SELECT token_hash FROM email_link", &[]));
        let rows = rows.await.unwrap();
        assert_eq!(rows.len(), 1);
        let held: String = rows[0].get("token_hash").unwrap();
        assert_eq!(held, server::domain::secret::hash(&token));
    }

    async fn another_mail_can_be_asked_for_after_a_minute_and_then_ever_later(store) {
        let app = TestApp::start(store).await;
        let (agent, first) = registered(&app).await;
        let ask = async || agent.post(paths::RESEND_VERIFICATION, &json!({})).await;
        app.advance(MINUTE - Duration::from_secs(1));
        let soon = ask().await;
        soon.refused(429, "rate_limited");
        assert_eq!(soon.header("retry-after"), "2");
        app.advance(Duration::from_secs(1));
        let sent = ask().await.ok();
        assert_eq!((&sent.body["sent"], sent.text("email")), (&json!(true), "agent1@example.com".to_owned()));
        app.drain_jobs().await;
        app.advance(MINUTE);
        ask().await.refused(429, "rate_limited");
        app.advance(MINUTE);
        ask().await.ok();
        app.drain_jobs().await;
        let mails = app.mails();
        assert_eq!(mails.len(), 3);
        // The link of every mail works, and after one was opened the others are done.
        assert_ne!(link(&mails[1]), first);
        app.get(&first).await.ok();
        assert_eq!(app.get(&link(&mails[1])).await.refused(400, "invalid_state"), "Email already verified");
        app.advance(DAY);
        assert_eq!(ask().await.refused(400, "invalid_state"), "Email already verified");
    }

    async fn fifty_who_ask_at_once_get_one_mail(store) {
        let app = TestApp::start(store).await;
        let (agent, _) = registered(&app).await;
        app.advance(MINUTE);
        let body = json!({});
        let asks = (0..50).map(|_| agent.post(paths::RESEND_VERIFICATION, &body));
        let answers = futures_util::future::join_all(asks).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 49);
        app.drain_jobs().await;
        assert_eq!(app.mails().len(), 2);
    }

    async fn deposits_and_the_link_lift_the_tier_in_either_order(store) {
        let app = TestApp::start(store).await;
        let (agent, link) = registered(&app).await;
        agent.deposit(50).await;
        assert_eq!(tier(&agent).await, "STANDARD");
        assert_eq!(app.get(&link).await.ok().text("tier"), "STANDARD");
        assert_eq!(tier(&agent).await, "STANDARD");

        let (agent, link) = registered(&app).await;
        agent.deposit(49).await;
        assert_eq!(tier(&agent).await, "SANDBOX");
        app.get(&link).await.ok();
        assert_eq!(tier(&agent).await, "VERIFIED");
        agent.deposit(5).await;
        assert_eq!(tier(&agent).await, "STANDARD");
    }

    async fn a_mail_goes_out_by_smtp(store) {
        let mut server = SmtpServer::start(|_| SmtpReply::Accept).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        let agent = app.poor_agent().await;
        app.drain_jobs().await;
        let talk = server.mails.recv().await.unwrap();
        assert!(talk.starts_with("MAIL FROM:<mail@example.org>\nRCPT TO:<agent1@example.com>\n"), "{talk}");
        assert!(talk.contains("From: HumanOps <mail@example.org>"), "{talk}");
        app.get(&link(&talk)).await.ok();
        assert_eq!(tier(&agent).await, "VERIFIED");
        assert!(!app.mail_folder().exists());
    }

    async fn a_mail_that_is_put_off_is_sent_again_with_a_link_that_works(store) {
        let mut server = SmtpServer::start(|nth| match nth {
            1 => SmtpReply::PutOff,
            _ => SmtpReply::Accept,
        }).await;
        let app = TestApp::start_with(store, &server.settings()).await;
        let agent = app.poor_agent().await;
        app.drain_jobs().await;
        assert!(server.mails.try_recv().is_err());
        app.advance(MINUTE);
        app.drain_jobs().await;
        let talk = server.mails.recv().await.unwrap();
        app.get(&link(&talk)).await.ok();
        assert_eq!(tier(&agent).await, "VERIFIED");
    }

    #[cfg(unix)]
    async fn mails_in_the_folder_are_closed_to_other_users(store) {
        use std::os::unix::fs::PermissionsExt;
        let app = TestApp::start(store).await;
        registered(&app).await;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        let folder = app.mail_folder();
        assert_eq!(mode(&folder) & 0o777, 0o700);
        let file = std::fs::read_dir(&folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        assert!(
            file.to_str().unwrap().ends_with(".eml"),
            "{}",
            file.display()
        );
        assert_eq!(mode(&file) & 0o777, 0o600);
    }
}
