mod support;
use support::*;
#[tokio::test]
async fn one() {
    let options = options();
    for urls in [vec![shared_server().await], shared_cluster().await] {
        let backend = connect(&urls, &options).await;
        let mut game = Game::start(&backend, "4711").await;
        game.save(&backend, "{}").await;
        game.save(&backend, "{1}").await;
        game.open(&backend).await;
        game.save(&backend, "{2}").await;
        assert_eq!(game.stored(&backend).await.as_deref(), Some("{2}"));
        println!(
            "{:?}",
            playerdata_core::backend::Backend::list(&backend, &game.player).await
        );
        let mut thief = Game::of("4711");
        thief.take(&backend, Some(&game)).await;
        println!("{:?}", game.try_save(&backend, "x").await);
        println!("{:?}", thief.open(&backend).await);
        thief.release(&backend).await;
        println!("{:?}", game.try_save(&backend, "x").await);
        println!(
            "{:?}",
            playerdata_core::backend::Backend::erase(&backend, &game.player).await
        );
        assert_eq!(game.stored(&backend).await.as_deref(), None);
        println!("{:?}", backend.warnings());
    }
}
