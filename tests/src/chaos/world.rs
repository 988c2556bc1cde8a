//! Brokers, servers, a bridge and a spawner, each program behind proxies of its own; and doing faults to them.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::clock::Clock;
use super::disk::Disk;
use super::plan::{Fault, Setup, Victim};
use crate::nats::{Flavour, Layout, NatsServer};
use crate::program::Program;
use crate::proxy::Proxy;
use crate::stack::{program, still_alive};

/// Of the small disk: enough for the streams' files, little enough to be filled at once.
const DISK_MEBIBYTES: usize = 64;

/// A program and what stands between it and the brokers.
#[derive(Debug)]
struct Place {
    program: Program,
    proxies: Vec<Proxy>,
}

/// What stands between two brokers, from the one that connects to the one that listens.
#[derive(Debug)]
struct Route {
    ends: [usize; 2],
    proxy: Proxy,
}

/// Everything of one run. Dropped: all of it ends.
#[derive(Debug)]
pub struct World {
    servers: Vec<Place>,
    bridge: Place,
    spawner: Place,
    clocks: Vec<Option<Clock>>,
    pub brokers: Vec<NatsServer>,
    routes: Vec<Route>,
    disk: Option<Disk>,
    directory: TempDir,
    bridge_port: u16,
    /// What happened that nobody did.
    pub notes: Vec<String>,
}

fn addresses(brokers: &[NatsServer]) -> Vec<SocketAddr> {
    brokers.iter().map(|broker| SocketAddr::from(([127, 0, 0, 1], broker.port()))).collect()
}

/// Addresses with a user's credentials, as programs take them.
fn url(broker: &NatsServer, user: &str, addresses: impl Iterator<Item = SocketAddr>) -> String {
    let password = broker.password(user);
    addresses.map(|address| format!("nats://{user}:{password}@{address}")).collect::<Vec<_>>().join(",")
}

fn start_brokers(setup: &Setup) -> (Vec<NatsServer>, Vec<Route>, Option<Disk>) {
    if setup.brokers > 1 {
        // Neither clients nor brokers are told of other addresses, or only of one where nobody listens: a cut would not be one.
        let name = "  name: \"{{cluster_name}}\"";
        let alone = format!("{name}\n  no_advertise: true\n  advertise: \"127.0.0.1:1\"");
        let mut routes = Vec::new();
        let brokers =
            NatsServer::cluster_over(&Layout::new(Flavour::Secured).edit(name, &alone), |from, to, address| {
                let proxy = Proxy::start(address.parse().expect("a route is an address"));
                let address = proxy.address().to_string();
                routes.push(Route { ends: [from, to], proxy });
                address
            });
        return (brokers.into(), routes, None);
    }
    let mut broker = NatsServer::secured();
    let disk = setup.small_disk.then(|| {
        broker.kill();
        let store = broker.dir().join("store");
        let disk = Disk::mount(&store, DISK_MEBIBYTES);
        broker.restart();
        disk
    });
    (vec![broker], Vec::new(), disk.flatten())
}

impl World {
    /// Everything serves.
    ///
    /// # Panics
    /// When something does not.
    #[must_use]
    pub fn start(setup: &Setup) -> Self {
        let (brokers, routes, disk) = start_brokers(setup);
        let directory = tempfile::Builder::new().prefix("maestro-chaos-").tempdir().expect("a temporary directory");
        let proxies = || addresses(&brokers).into_iter().map(Proxy::start).collect::<Vec<_>>();
        let behind = |proxies: &[Proxy], user: &str| url(&brokers[0], user, proxies.iter().map(Proxy::address));
        let mut clocks = Vec::new();
        let mut servers = Vec::new();
        for number in 1..=setup.servers {
            let (name, proxies) = (format!("server-{number}"), proxies());
            let clock = Clock::new(directory.path(), &name);
            let mut server = Program::new(directory.path(), &name, "maestro-server")
                .arguments(&["--name", &name])
                .variable("MAESTRO_CORE_URL", &behind(&proxies, "core"))
                .variable("MAESTRO_WORK_URL", &behind(&proxies, "core-work"))
                .variable("MAESTRO_STREAM_REPLICAS", &setup.brokers.to_string());
            let data = server.data().display().to_string();
            server = server.arguments(&["--data", &data]);
            for (name, value) in clock.iter().flat_map(Clock::variables) {
                server = server.variable(name, &value);
            }
            clocks.push(clock);
            servers.push(Place { program: server, proxies });
        }
        let bridge_port = free_port();
        let bridge = bridge(directory.path(), bridge_port, proxies(), behind);
        let spawner = spawner(directory.path(), proxies(), behind);
        let mut world =
            Self { servers, bridge, spawner, clocks, brokers, routes, disk, directory, bridge_port, notes: Vec::new() };
        world.each(Program::launch);
        world.each(Program::await_ready);
        world
    }

    /// Whether the disk can be filled, where that was wished for.
    #[must_use]
    pub const fn has_disk(&self) -> bool {
        self.disk.is_some()
    }

    /// The brokers, past all proxies.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        url(&self.brokers[0], user, addresses(&self.brokers).into_iter())
    }

    #[must_use]
    pub fn socket(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.bridge_port)
    }

    /// The bridge's bearer token.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn token(&self) -> String {
        let file = self.directory.path().join("token");
        fs::read_to_string(file).expect("the bridge has made its token").trim().to_owned()
    }

    fn each(&mut self, mut act: impl FnMut(&mut Program)) {
        for place in self.servers.iter_mut().chain([&mut self.bridge, &mut self.spawner]) {
            act(&mut place.program);
        }
    }

    fn place(&mut self, victim: Victim) -> &mut Place {
        match victim {
            Victim::Server(index) => &mut self.servers[index],
            Victim::Bridge => &mut self.bridge,
            Victim::Spawner => &mut self.spawner,
        }
    }

    fn routes_of(&self, broker: usize) -> impl Iterator<Item = &Proxy> {
        self.routes.iter().filter(move |route| route.ends.contains(&broker)).map(|route| &route.proxy)
    }

    /// As a supervisor does: what has ended by itself is started again.
    pub fn tend(&mut self) {
        self.each(Program::tend);
    }

    /// Lets it go wrong.
    pub fn begin(&mut self, fault: &Fault) {
        match fault {
            Fault::Kill(victim) => self.place(*victim).program.kill(),
            Fault::Freeze(victim) => self.place(*victim).program.freeze(),
            Fault::Cut(victim, how) => self.place(*victim).proxies.iter().for_each(|proxy| proxy.cut(*how)),
            Fault::KillBrokers(which) => which.iter().for_each(|index| self.brokers[*index].kill()),
            Fault::RestartBroker(index) => self.brokers[*index].stop(),
            Fault::FreezeBroker(index) => self.brokers[*index].freeze(),
            Fault::CutBroker(index, how) => self.routes_of(*index).for_each(|proxy| proxy.cut(*how)),
            Fault::Clock(index, seconds) => self.clocks[*index].iter().for_each(|clock| clock.set(*seconds)),
            Fault::FillDisk => self.disk.iter().for_each(Disk::fill),
        }
    }

    /// Mends it.
    pub fn end(&mut self, fault: &Fault) {
        match fault {
            Fault::Kill(victim) => self.place(*victim).program.launch(),
            Fault::Freeze(victim) => self.place(*victim).program.thaw(),
            Fault::Cut(victim, _) => self.place(*victim).proxies.iter().for_each(Proxy::mend),
            Fault::KillBrokers(which) => which.iter().for_each(|index| self.brokers[*index].restart()),
            Fault::RestartBroker(index) => self.brokers[*index].restart(),
            Fault::FreezeBroker(index) => self.brokers[*index].thaw(),
            Fault::CutBroker(index, _) => self.routes_of(*index).for_each(Proxy::mend),
            Fault::Clock(index, _) => self.clocks[*index].iter().for_each(|clock| clock.set(0)),
            Fault::FillDisk => {
                self.disk.iter().for_each(Disk::empty);
                self.restart_stuck();
            }
        }
    }

    /// A nats-server 2.15.1 whose write failed takes nothing into that stream any more until it is started again, also when
    /// there is room. Whoever supervises it does that.
    fn restart_stuck(&mut self) {
        if self.brokers[0].log().contains("critical write error") {
            self.notes.push("a write had failed for want of room: nats-server was restarted".to_owned());
            self.brokers[0].restart();
        }
    }

    /// Waits until everything serves.
    ///
    /// # Panics
    /// When something does not.
    pub fn await_ready(&mut self) {
        self.each(Program::await_ready);
    }

    /// Everything that ended by itself, and what else was strange.
    #[must_use]
    pub fn strange(&self) -> Vec<String> {
        let places = self.servers.iter().chain([&self.bridge, &self.spawner]);
        places.flat_map(|place| place.program.ends.clone()).chain(self.notes.clone()).collect()
    }

    /// Copies every log and the brokers' into `to`.
    ///
    /// # Panics
    /// When that cannot be written.
    pub fn keep_logs(&self, to: &Path) {
        for place in self.servers.iter().chain([&self.bridge, &self.spawner]) {
            fs::write(to.join(format!("{}.log", place.program.name)), place.program.log()).expect("a log can be kept");
        }
        for (index, broker) in self.brokers.iter().enumerate() {
            fs::write(to.join(format!("nats-{index}.log")), broker.log()).expect("a log can be kept");
        }
    }

    fn holders(&self) -> Vec<u32> {
        let ledger: PathBuf = self.spawner.program.data().join("ledger");
        let entries = fs::read_dir(ledger).into_iter().flatten().flatten();
        let pid = |path: PathBuf| {
            let entry: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
            u32::try_from(entry["holder"]["pid"].as_u64()?).ok()
        };
        entries.filter_map(|entry| pid(entry.path())).collect()
    }
}

fn bridge(directory: &Path, port: u16, proxies: Vec<Proxy>, behind: impl Fn(&[Proxy], &str) -> String) -> Place {
    let token = directory.join("token").display().to_string();
    let program = Program::new(directory, "bridge", "maestro-bridge")
        .arguments(&["--user", "ann", "--listen", &format!("127.0.0.1:{port}"), "--token-file", &token])
        .variable("MAESTRO_CORE_URL", &behind(&proxies, "core"))
        .variable("MAESTRO_WORK_URL", &behind(&proxies, "core-work"))
        .variable("MAESTRO_LOG", "info,maestro_bridge=debug,maestro_client=debug");
    Place { program, proxies }
}

fn spawner(directory: &Path, proxies: Vec<Proxy>, behind: impl Fn(&[Proxy], &str) -> String) -> Place {
    let spawner = Program::new(directory, "spawner", "maestro-spawner");
    let data = spawner.data().display().to_string();
    let program = spawner
        .arguments(&["--node", "n1", "--slots", "4", "--data", &data])
        .variable("MAESTRO_NATS_URL", &behind(&proxies, "spawner"))
        .variable("MAESTRO_EDGE_URL", &behind(&proxies, "edge"))
        .variable("MAESTRO_HOME", &directory.display().to_string())
        .variable("MAESTRO_BIN", &program("maestro").display().to_string());
    Place { program, proxies }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
    listener.local_addr().expect("a listener has an address").port()
}

impl Drop for World {
    /// Sessions outlive their spawner; the ones of this run are ended by the ids that it wrote down.
    fn drop(&mut self) {
        self.each(Program::kill);
        let holders = self.holders();
        for holder in holders.iter().filter_map(|holder| Pid::from_raw(i32::try_from(*holder).ok()?)) {
            // Gone already.
            let _ = (kill_process(holder, Signal::TERM), kill_process(holder, Signal::CONT));
        }
        still_alive(&holders, Duration::from_secs(15));
    }
}
