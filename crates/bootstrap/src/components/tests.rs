use super::*;
use crate::testing::spec;

fn args(component: &Component) -> Vec<(&str, &str)> {
    component.extra_args.iter().map(|arg| (arg.name.as_str(), arg.value.as_str())).collect()
}

fn api(text: &str, assets: &[File]) -> (Component, Vec<File>, Vec<BootProblem>) {
    let spec = spec(&[("spec:\n", &format!("spec:\n  {text}\n"))]);
    let mut problems = Vec::new();
    let (component, files) = api_server(&spec, assets, &mut problems);
    (component, files, problems)
}

#[test]
fn an_api_server_without_settings() {
    let (component, files, problems) = api("channel: stable", &[]);
    assert_eq!(problems, []);
    assert_eq!(
        args(&component),
        [
            ("service-account-issuer", "https://api.internal.c.example.com"),
            ("service-account-jwks-uri", "https://api.internal.c.example.com/openid/v1/jwks"),
            ("authorization-mode", "Node,RBAC"),
            ("enable-admission-plugins", "NodeRestriction"),
            ("authentication-config", "/etc/kubernetes/authentication-config.yaml"),
        ]
    );
    assert_eq!(component.extra_volumes, [mount("authentication-config", &files[0].path, true, "File")]);
    let text = files[0].as_text().unwrap();
    assert_eq!(
        text,
        "anonymous:\n  conditions:\n  - path: /livez\n  - path: /readyz\n  - path: /healthz\n  enabled: true\napiVersion: \
         apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"
    );
}

#[test]
fn audit_admission_and_gates() {
    let (component, _, _) = api(
        "kubeAPIServer: {auditLogPath: /var/log/audit/a.log, auditLogMaxAge: 7, auditPolicyFile: /srv/audit.yaml,
          featureGates: {B: false, A: true}, appendAdmissionPlugins: [PodNodeSelector], runtimeConfig: {api/all: true},
          auditWebhookBatchThrottleQps: 3.14, serviceNodePortRange: 28000-32767, env: [{name: X, value: 'y'}]}",
        &[],
    );
    let found = args(&component);
    for wanted in [
        ("audit-log-path", "/var/log/audit/a.log"),
        ("audit-log-maxage", "7"),
        ("audit-policy-file", "/srv/audit.yaml"),
        ("audit-webhook-batch-throttle-qps", "3.14"),
        ("feature-gates", "A=true,B=false"),
        ("enable-admission-plugins", "NodeRestriction,PodNodeSelector"),
        ("runtime-config", "api/all=true"),
        ("service-node-port-range", "28000-32767"),
    ] {
        assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
    }
    assert!(component.extra_volumes.contains(&mount("audit-policy-file", "/srv/audit.yaml", true, "File")));
    assert!(component.extra_volumes.contains(&mount("audit-log", "/var/log/audit", false, "DirectoryOrCreate")));
    assert_eq!(component.extra_envs, [Arg { name: "X".to_owned(), value: "y".to_owned() }]);
}

#[test]
fn an_oidc_issuer_becomes_a_file() {
    const OIDC: &str = "kubeAPIServer: {oidcIssuerURL: 'https://idp', oidcClientID: kube, oidcCAFile: /srv/ca.pem,
        oidcGroupsClaim: groups, oidcGroupsPrefix: 'idp:', oidcRequiredClaim: [hd=example.com]}";
    let (_, files, problems) = api(OIDC, &[File::text("/srv/ca.pem", "PEM\n")]);
    assert_eq!(problems, []);
    let document = kedge_spec::text::read(&files[0].as_text().unwrap()).unwrap();
    assert_eq!(
        document["jwt"],
        serde_json::json!([{
            "issuer": { "url": "https://idp", "audiences": ["kube"], "certificateAuthority": "PEM\n" },
            "claimMappings": {
                "username": { "claim": "sub", "prefix": "https://idp#" },
                "groups": { "claim": "groups", "prefix": "idp:" },
            },
            "claimValidationRules": [{ "claim": "hd", "requiredValue": "example.com" }],
        }])
    );
    let (_, _, problems) = api(OIDC, &[]);
    assert_eq!(
        problems[0].to_string(),
        "spec.kubeAPIServer.oidcCAFile: nothing says what `/srv/ca.pem` holds; give the file in `fileAssets` of the \
         cluster, with this path"
    );
    let (component, files, _) = api("kubeAPIServer: {authenticationConfigFile: /srv/own.yaml}", &[]);
    assert_eq!(files, []);
    assert!(args(&component).contains(&("authentication-config", "/srv/own.yaml")));
}

#[test]
fn files_need_a_place() {
    let (_, _, problems) = api("kubeAPIServer: {auditPolicyFile: audit.yaml}", &[]);
    assert_eq!(
        problems[0].to_string(),
        "spec.kubeAPIServer: `audit.yaml` for --audit-policy-file is no absolute path; begin it with `/`; `fileAssets` \
         bring the file to that place"
    );
}

#[test]
fn encryption_at_rest_is_mounted_and_not_written() {
    let (component, files, _) = api("encryptionConfig: true", &[]);
    assert!(args(&component).contains(&("encryption-provider-config", ENCRYPTION)));
    assert!(files.iter().all(|file| file.path != ENCRYPTION));
}

#[test]
fn controllers_and_scheduler() {
    let spec = spec(&[(
        "spec:\n",
        "spec:\n  kubeControllerManager: {concurrentJobSyncs: 10, nodeMonitorPeriod: 5s, leaderElection: {leaderElect: \
         true}}\n  kubeScheduler: {maxPersistentVolumes: 30, kubeAPIQPS: 50}\n",
    )]);
    assert_eq!(
        args(&controller_manager(&spec, &mut Vec::new())),
        [
            ("concurrent-job-syncs", "10"),
            ("node-monitor-period", "5s"),
            ("leader-elect", "true"),
            ("cloud-provider", "external"),
            ("cluster-signing-cert-file", SIGNING_CA),
            ("cluster-name", "c.example.com"),
        ]
    );
    let scheduler = scheduler(&spec, &mut Vec::new());
    assert_eq!(args(&scheduler), [("kube-api-qps", "50")]);
    assert_eq!(scheduler.extra_envs, [Arg { name: "KUBE_MAX_PD_VOLS".to_owned(), value: "30".to_owned() }]);
}

#[test]
fn what_api_servers_refuse_is_told() {
    for (settings, told) in [
        ("advertiseAddress: here", "kubeAPIServer.advertiseAddress: `here` is no address"),
        ("authorizationMode: 'RBAC,ABAC'", "kubeAPIServer.authorizationMode: Kubernetes does not know `ABAC`"),
        ("authorizationMode: 'RBAC,Webhook'", "a file that says whom to ask"),
        ("authorizationWebhookConfigFile: /srv/a", "says whom to ask, and nobody is asked"),
        ("auditWebhookMode: never", "write batch, blocking, blocking-strict"),
        ("serviceAccountJWKSURI: 'http://a'", "`http://a` does not begin with `https://`"),
        ("tlsMinVersion: '1.2'", "write VersionTLS10"),
        ("oidcIssuerURL: 'http://a', oidcClientID: b", "kubeAPIServer.oidcIssuerURL: `http://a` does not begin"),
    ] {
        let (_, _, problems) = api(&format!("kubeAPIServer: {{{settings}}}"), &[]);
        assert_eq!(problems.len(), 1, "{settings}: {problems:?}");
        assert!(problems[0].to_string().contains(told), "{problems:?}");
    }
    let (_, _, problems) =
        api("kubeAPIServer: {authorizationMode: 'Node,RBAC,Webhook', authorizationWebhookConfigFile: /srv/a}", &[]);
    assert_eq!(problems, []);
}

#[test]
fn plugins_that_are_disabled_are_not_enabled() {
    let (component, _, _) = api("kubeAPIServer: {disableAdmissionPlugins: [NodeRestriction]}", &[]);
    let found = args(&component);
    assert!(found.contains(&("disable-admission-plugins", "NodeRestriction")));
    assert!(found.iter().all(|(name, _)| *name != "enable-admission-plugins"), "{found:?}");
}

#[test]
fn quantities_are_numbers_and_own_controllers_stay() {
    let spec = spec(&[(
        "spec:\n",
        "spec:\n  kubeControllerManager: {kubeAPIQPS: 1500m, controllers: ['*', '-ttl', '-tokencleaner']}\n",
    )]);
    let mut problems = Vec::new();
    let component = controller_manager(&spec, &mut problems);
    assert_eq!(problems, []);
    let found = args(&component);
    assert!(found.contains(&("kube-api-qps", "1.5")), "{found:?}");
    assert!(found.contains(&("controllers", "*,-ttl,-tokencleaner,bootstrapsigner")), "{found:?}");
}

#[test]
fn leases_last_longer_than_it_takes_to_renew_them() {
    for (election, sound) in [
        ("leaderElectLeaseDuration: 20s", true),
        ("leaderElectLeaseDuration: 20s, leaderElectRenewDeadlineDuration: 17s", true),
        ("leaderElectRenewDeadlineDuration: 17s", false),
        ("leaderElectRetryPeriod: 9s", false),
        ("leaderElectResourceLock: endpoints", false),
    ] {
        let spec = spec(&[("spec:\n", &format!("spec:\n  kubeScheduler: {{leaderElection: {{{election}}}}}\n"))]);
        let mut problems = Vec::new();
        scheduler(&spec, &mut problems);
        assert_eq!(problems.is_empty(), sound, "{election}: {problems:?}");
    }
}

#[test]
fn what_kubernetes_has_dropped_is_told() {
    let spec = spec(&[("spec:\n", "spec:\n  kubeControllerManager: {podEvictionTimeout: 1m}\n")]);
    let mut problems = Vec::new();
    controller_manager(&spec, &mut problems);
    assert_eq!(
        problems[0].to_string(),
        "spec.kubeControllerManager.podEvictionTimeout: Kubernetes has dropped this setting; write \
         `kubeAPIServer.defaultNotReadyTolerationSeconds` and `defaultUnreachableTolerationSeconds` instead"
    );
}
