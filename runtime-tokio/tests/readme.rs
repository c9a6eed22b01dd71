//! What the README shows is what the repository has.

const README: &str = include_str!("../../README.md");

#[test]
fn the_echo_bot_is_the_example() {
    let bot = include_str!("../examples/echo_bot.rs");
    assert!(README.contains(bot.trim()), "copy examples/echo_bot.rs into the README");
    assert!(bot.lines().count() <= 30, "the README promises a short one");
}
