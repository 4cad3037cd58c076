//! Concurrent spending of the same balance (contract §4). Whole histories are in `histories/`.

use api_types::paths;
use futures_util::future::join_all;

use crate::harness::TestApp;
use crate::support::{self, on_both_databases};
use crate::tasks::text_task;

on_both_databases! {
    async fn posts_at_once_never_spend_the_same_money(store) {
        let app = TestApp::start(store).await;
        let agent = app.poor_agent().await;
        agent.deposit(100).await;
        let task = text_task(&app);
        let posts = (0..10).map(|_| agent.post(paths::TASKS, &task));
        let answers = join_all(posts).await;
        // Each task takes 29.50 of 100.
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
        assert_eq!(answers.iter().filter(|answer| answer.status == 402).count(), 7);
        assert_eq!(agent.balance().await, ("11.50".to_owned(), "88.50".to_owned()));
    }
}
