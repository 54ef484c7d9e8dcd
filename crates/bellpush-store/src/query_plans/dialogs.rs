//! Queries of dialogs, and what each must be served by.

use sea_orm::Value;

use crate::{
    calls::{
        claims,
        dialogs::{left, rows},
        nodes,
    },
    db::page::Query,
};

pub(super) fn hot_queries() -> Vec<(Query, &'static str)> {
    let fixed = |sql: &str, values: Vec<Value>| Query { sql: sql.into(), values };
    let texts = |count| vec![Value::from("x"); count];
    let claim = || [texts(6), vec![2_i64.into(), 1_i64.into(), 3_i64.into()]].concat();
    let exchange = || [texts(5), vec![2_i64.into(), 1_i64.into()]].concat();
    let list = || Value::from(r#"[["x",1]]"#);
    vec![
        (
            fixed(left::LEFT, vec!["x".into(), 1_i64.into(), 2_i64.into(), 9_i64.into()]),
            "dialogs_by_node",
        ),
        (fixed(left::TAKE, vec![list(), "x".into()]), "dialogs_pkey"),
        (fixed(left::OF_CALL, texts(2)), "dialogs_by_call"),
        (fixed(left::END, vec![list(), "x".into()]), "dialogs_pkey"),
        (fixed(left::IS_ENDING, texts(2)), "dialogs_by_call"),
        (fixed(rows::FORGET, vec![list(), "x".into()]), "dialogs_pkey"),
        (fixed(claims::CLAIM, claim()), "calls_pkey"),
        (fixed(claims::CLAIM_DIALOG, texts(3)), "dialogs_by_call"),
        (
            fixed(
                nodes::TAKE_ORPHAN,
                vec!["x".into(), 1_i64.into(), 2_i64.into(), "x".into(), "y".into()],
            ),
            "calls_pkey",
        ),
        (fixed(claims::EXCHANGE, exchange()), "calls_pkey"),
        (fixed(claims::CLAIMED_BY, vec!["x".into(), "x".into(), 1_i64.into()]), "calls_pkey"),
        (fixed(claims::ENDED, vec![list()]), "calls_pkey"),
        (fixed(claims::ELSEWHERE, vec![list(), "x".into()]), "calls_pkey"),
    ]
}
